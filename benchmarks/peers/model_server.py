"""Serves a GGUF model by llama.cpp on loopback, in a process of its own, until stdin closes.

    python model_server.py MODEL.gguf CONTEXT THREADS

Prints one JSON line with its address. Knows nothing of limner.
"""

import json
import sys


def main() -> int:
    import xllamacpp

    path, context, threads = sys.argv[1:]
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.n_ctx = int(context)
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
    params.cache_ram_mib = 0  # the slot's own cache only, as for limner in its own process
    params.use_jinja = True  # tool calls
    params.verbosity = -1
    server = xllamacpp.Server(params)
    print(json.dumps({"address": server.listening_address}), flush=True)
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
