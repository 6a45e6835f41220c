"""The tools that read: users, search, answers, profiles, explanations. Knows what they do, not how they are called."""

from typing import Final

from agent.latest import latest_profile
from agent.listings import search_document, users_document
from agent.mcp import outputs
from agent.mcp.tool import DATA_ONLY, POINTER, SCHEMA, USER, Call, Outcome, Tool, arguments
from agent.mcp.working import in_thread, result_of

__all__ = ["READING", "ask_user", "explain_claim", "get_profile", "list_users", "search_history"]


async def list_users(call: Call) -> Outcome:
    """Who is in the store, a page at a time."""
    found = await in_thread(call.caller.limner.users)
    part, limit, after = call.given["containing"], call.given["limit"], call.given.get("after")
    fitting = [each for each in found if part.casefold() in each.user_id.casefold()]
    left = [each for each in fitting if after is None or each.user_id > after]
    following = left[limit - 1].user_id if len(left) > limit else None
    return Outcome({**users_document(left[:limit]), "total": len(fitting), "next": following})


async def search_history(call: Call) -> Outcome:
    """Ranked evidence from a user's history; for a language model, which needs a legal basis as limner's own does."""
    user_id, query, k = call.given["user_id"], call.given["query"], call.given["k"]
    limner = call.caller.limner

    def work() -> Outcome:
        limner.store.check_user(user_id)
        limner.permit(user_id)
        return Outcome(search_document(user_id, query, limner.search(user_id, query, k)))

    return await in_thread(work)


async def ask_user(call: Call) -> Outcome:
    """An answer about a user, with quotes."""
    service, user_id, question = call.caller.service, call.given["user_id"], call.given["question"]
    job = await in_thread(lambda: service.ask(call.caller.tenant, user_id, question, purpose=call.caller.purpose))
    return Outcome(await result_of(job, service.queue, call.report))


async def get_profile(call: Call) -> Outcome:
    """The latest version of a user's profile, or a new one."""
    service, tenant, user_id = call.caller.service, call.caller.tenant, call.given["user_id"]
    schema = call.caller.schema(call.given["schema"])
    if not call.given["refresh"]:
        kept, since = await in_thread(lambda: latest_profile(call.caller.limner, user_id, schema))
        if kept is not None:
            return Outcome(kept.as_json(), since)
    job = await in_thread(lambda: service.build(tenant, user_id, schema, purpose=call.caller.purpose))
    return Outcome(await result_of(job, service.queue, call.report))


async def explain_claim(call: Call) -> Outcome:
    """Why a profile says what it says, or nothing, at a place."""
    service, tenant, user_id = call.caller.service, call.caller.tenant, call.given["user_id"]
    schema, pointer = call.caller.schema(call.given["schema"]), call.given["pointer"]
    job = await in_thread(lambda: service.explain(tenant, user_id, pointer, schema, purpose=call.caller.purpose))
    return Outcome(await result_of(job, service.queue, call.report))


_K: Final = {"type": "integer", "minimum": 1, "maximum": 50, "default": 10, "description": "How many results at most."}
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 2000}

READING: Final = (
    Tool(
        "list_users",
        "List users",
        "Lists the users whose histories are in the store: id, number of events, first and last date, languages.",
        "read",
        arguments(
            {},
            {
                "containing": {
                    "type": "string",
                    "default": "",
                    "maxLength": 200,
                    "description": "Only ids that contain this.",
                },
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 1000,
                    "default": 100,
                    "description": "How many at most.",
                },
                "after": {"type": "string", "description": "Only ids after this one: `next` of the page before."},
            },
        ),
        outputs.users,
        list_users,
    ),
    Tool(
        "search_history",
        "Search a user's history",
        "Finds the messages, orders and tickets of one user that matter most for a query, best first, word for word, "
        f"with event ids to cite. Fast; no language model. {DATA_ONLY}",
        "read",
        arguments({"user_id": USER, "query": {**_TEXT, "description": "What to look for, in plain words."}}, {"k": _K}),
        outputs.search,
        search_history,
    ),
    Tool(
        "ask_user",
        "Ask about a user",
        "Answers a question about one user from that user's history, in the language of the question, with the exact "
        "words that prove it. When `answered` is false, the history does not tell: say so, and do not guess. Takes "
        f"seconds to a minute. {DATA_ONLY}",
        "read",
        arguments({"user_id": USER, "question": {**_TEXT, "description": "One question about this user."}}),
        outputs.answer,
        ask_user,
    ),
    Tool(
        "get_profile",
        "Get a user's profile",
        "The profile of one user: values, each with exact quotes, a confidence and dates, and what is unknown. Gives "
        "the latest version that is kept, at once; makes one, which takes minutes, when there is none. refresh=true "
        f"brings it up to date with what has come since. {DATA_ONLY}",
        "read",
        arguments(
            {"user_id": USER},
            {
                "schema": SCHEMA,
                "refresh": {
                    "type": "boolean",
                    "default": False,
                    "description": "Take in what has come since; takes minutes when there is much.",
                },
            },
        ),
        outputs.profile,
        get_profile,
    ),
    Tool(
        "explain_claim",
        "Explain a value of a profile",
        "Explains why the profile of one user has the value that it has at a place, or none: quotes in context, "
        "probabilities, and what would stand there without each quote. Brings the profile up to date first; takes "
        f"minutes. {DATA_ONLY}",
        "read",
        arguments({"user_id": USER, "pointer": POINTER}, {"schema": SCHEMA}),
        outputs.explanation,
        explain_claim,
    ),
)
"""In the order in which clients list them."""
