/* What the pages do beyond links and forms: a panel for details, answers in place, progress as it happens.
   Everything works without it, by whole pages. Only our own server's pages are ever put into the document. */
"use strict";
(() => {
  const panel = document.getElementById("panel");
  const inside = document.getElementById("panel-body");
  const streams = new Map();
  let opener = null;

  async function part(url, options) {
    const reply = await fetch(url, { credentials: "same-origin", ...options });
    const where = new URL(reply.url);
    if (reply.redirected && ["/console/customer", "/console/login"].includes(where.pathname)) {
      location.assign(reply.url);
      if (where.pathname + where.search === location.pathname + location.search) location.reload();
      return null;
    }
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const found = page.querySelector("[data-part]");
    if (!found) throw new Error("no part");
    return document.adoptNode(found);
  }

  // Whoever is in what is taken away stays where it was.
  function keepFocus(place, change) {
    const was = place.contains(document.activeElement);
    change();
    if (was && !place.contains(document.activeElement)) place.focus({ preventScroll: true });
  }

  function put(place, node) {
    stop(place);
    keepFocus(place, () => place.replaceChildren(node));
    place.removeAttribute("aria-busy");
    place.querySelectorAll("[data-job]").forEach(watch);
    const marked = place.querySelector("mark, #it");
    if (marked && place === inside) marked.scrollIntoView({ block: "center" });
  }

  function stop(place) {
    for (const [job, stream] of streams) {
      if (place.contains(job)) { stream.close(); streams.delete(job); }
    }
  }

  async function load(place, url, options) {
    place.setAttribute("aria-busy", "true");
    if (place === inside && !panel.open) {
      opener = document.activeElement;
      inside.replaceChildren();
      panel.showModal();
    }
    try {
      const node = await part(url, options);
      if (node) put(place, node);
    } catch {
      const sorry = document.createElement("p");
      sorry.className = "error";
      sorry.setAttribute("role", "alert");
      sorry.textContent = document.body.dataset.failed;
      put(place, sorry);
    }
  }

  // What there is of an answer before it is done. What is there already stays as it is: it has been read, or is focused.
  async function more(job) {
    const place = job.querySelector("[data-so-far]");
    const page = place && await part(job.dataset.page).catch(() => null); // the end tells what went wrong
    const fresh = page?.querySelector("[data-so-far]");
    if (!fresh || !streams.has(job) || Number(fresh.dataset.serial) <= Number(place.dataset.serial)) return;
    place.dataset.serial = fresh.dataset.serial;
    const keys = new Set([...fresh.children].map((each) => each.dataset.key));
    keepFocus(place, () => {
      for (const each of [...place.children]) if (!keys.delete(each.dataset.key)) each.remove();
      for (const each of [...fresh.children]) if (keys.has(each.dataset.key)) place.append(each);
    });
  }

  function watch(job) {
    const text = job.querySelector("[data-step]"), bar = job.querySelector("progress");
    const stream = new EventSource(job.dataset.stream);
    streams.set(job, stream);
    let serial = 0;
    const show = (event) => {
      const told = JSON.parse(event.data);
      if (text.textContent !== told.text) text.textContent = told.text; // the same again would be read aloud again
      if (told.serial > serial) { serial = told.serial; more(job); }
      if (told.total > 1) { bar.max = told.total; bar.value = told.done; } else bar.removeAttribute("value");
    };
    const finish = () => {
      stream.close();
      streams.delete(job);
      const place = job.closest("#panel-body, #answer") || job.closest("[data-part]")?.parentElement;
      if (place) load(place, job.dataset.page); else location.assign(job.dataset.page);
    };
    stream.addEventListener("progress", show);
    stream.addEventListener("ended", (event) => { show(event); finish(); });
    stream.addEventListener("error", () => { if (stream.readyState === EventSource.CLOSED) finish(); }); // gone, or logged out
  }

  function place(element) {
    if (element.hasAttribute("data-panel")) return inside;
    const named = element.dataset.target || element.closest("form")?.dataset.target;
    if (named) return document.getElementById(named);
    return element.closest("#panel-body, #answer");
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-panel]");
    if (link && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      load(inside, link.getAttribute("href"));  // of a link in a drawing, href is no text
    } else if (event.target === panel) {
      panel.close();
    } else if (event.target.closest("[data-print]")) {
      window.print();
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target, by = event.submitter;
    if (form.method !== "post") return;
    const into = place(by || form);
    if (!into) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, by));
    load(into, (by && by.getAttribute("formaction")) || form.getAttribute("action"), { method: "POST", body: fields });
  });

  panel.addEventListener("close", () => {
    stop(inside);
    inside.replaceChildren();
    if (opener && !opener.isConnected) document.getElementById("answer")?.focus({ preventScroll: true });
    opener = null;
  });
  document.querySelectorAll("[data-print]").forEach((button) => { button.hidden = false; });
  document.querySelectorAll("main [data-job]").forEach(watch);
  document.getElementById("it")?.scrollIntoView({ block: "center" });
})();
