// Keeps what a page shows of jobs moving, and rings the bell. Without this file pages show how jobs stood.
"use strict";

(() => {
  const bell = document.querySelector("[data-bell]");
  if (!bell) return;

  const POLL_SECONDS = 4;
  const told = new Set();
  let source = null;
  let timer = 0;
  let failures = 0;

  const OPEN = '[data-job][data-state="waiting"], [data-job][data-state="running"]';
  const showsOpen = () => document.querySelector(OPEN) !== null;
  const shown = (id) => document.querySelectorAll(`[data-job="${CSS.escape(id)}"]`);

  async function replace(element) {
    const seen = element.dataset.mine === undefined ? "" : "?seen=1"; // its reader is looking at it
    const answer = await fetch(element.dataset.piece + seen, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    const piece = holder.content.querySelector("[data-job]");
    const focused = element.contains(document.activeElement);
    if (piece) element.replaceWith(piece);
    if (piece && focused) { // not what stands in the place of the button that it was on, and does something else
      piece.tabIndex = -1;
      piece.focus();
    }
    if (seen) poll(); // the bell rings for it no more
  }

  function move(job) {
    for (const element of shown(job.id)) {
      if (element.dataset.state !== job.state) {
        element.dataset.state = job.state;
        replace(element);
        continue;
      }
      const bar = element.querySelector('[data-part="progress"]');
      if (bar) bar.value = job.progress;
      for (const part of ["line", "anew"]) {
        const shown = element.querySelector(`[data-part="${part}"]`);
        if (shown && shown.textContent !== job[part]) shown.textContent = job[part];
      }
    }
  }

  function ring(job) {
    for (const element of shown(job.id)) {
      if (element.dataset.state !== job.state) {
        element.dataset.state = job.state;
        replace(element);
      }
    }
    if (told.has(job.id)) return;
    told.add(job.id);
    if (shown(job.id).length) { // those who look see it there; to those who listen it is said
      document.querySelector("[data-said]").textContent = job.text;
      return;
    }
    const place = document.querySelector("[data-tidings]");
    const link = document.createElement("a");
    link.href = `${bell.getAttribute("href")}/${job.id}`;
    link.textContent = job.text;
    const notice = document.createElement("div");
    notice.className = `notice ${job.state === "done" ? "success" : "warning"}`;
    notice.append(link);
    place.append(notice);
  }

  function hear(news) {
    failures = 0;
    const open = news.under_way.length;
    bell.dataset.underWay = open;
    const count = bell.querySelector("[data-count]");
    count.textContent = news.ended.length || "";
    bell.classList.toggle("rings", news.ended.length > 0);
    bell.classList.toggle("turns", open > 0);
    news.under_way.forEach(move);
    news.ended.forEach(ring);
    // What has ended and was told of elsewhere, or to somebody else, is under way no more, and no news either.
    const known = new Set([...news.under_way, ...news.ended].map((job) => job.id));
    for (const element of document.querySelectorAll(OPEN)) {
      if (!known.has(element.dataset.job)) replace(element);
    }
    if (!open) stop();
  }

  function stop() {
    if (source) source.close();
    source = null;
    clearTimeout(timer);
  }

  async function poll() {
    clearTimeout(timer);
    try {
      const answer = await fetch(bell.dataset.state, { headers: { Accept: "application/json" } });
      if (answer.ok) hear(await answer.json());
      else if (answer.status < 500) return;
    } catch {
      // The server is away for a moment; it is asked again.
    }
    if (Number(bell.dataset.underWay) || showsOpen()) timer = setTimeout(poll, POLL_SECONDS * 1000);
  }

  function listen() {
    if (!("EventSource" in window)) return poll();
    source = new EventSource(bell.dataset.events);
    source.onmessage = (event) => hear(JSON.parse(event.data));
    source.onerror = () => {
      failures += 1;
      // A stream that ended is begun again by the browser; one that is refused is not, and then it is asked.
      if (source && (source.readyState === EventSource.CLOSED || failures > 2)) {
        stop();
        timer = setTimeout(poll, POLL_SECONDS * 1000);
      }
    };
  }

  if (Number(bell.dataset.underWay) || showsOpen()) listen();
})();
