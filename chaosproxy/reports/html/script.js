"use strict";
/* Makes the page handier; all of it is there without. One choice over episodes and sessions, and a call's own words beside its bar. */
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);

  /* What a link leads to is opened, if it is folded away. */
  const reveal = (target) => {
    for (let each = target && target.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
    if (target && target.matches("details")) target.open = true;
  };

  /* Filter */
  const box = one(".filters"), choices = all(".filters select"), told = one(".filters [role=status]");
  const episodes = all(".eps > li"), sessions = all(".session"), groups = all(".group");
  const counted = (number, thing) => `${number.toLocaleString("en")} ${thing}${number === 1 ? "" : "s"}`;
  const filter = () => {
    const wanted = choices.filter((choice) => choice.value);
    const met = episodes.filter((each) => wanted.every((choice) => each.dataset[choice.dataset.by] === choice.value));
    const shown = new Set(met), within = new Map();
    for (const each of met) {
      const calls = within.get(each.dataset.session) || [];
      within.set(each.dataset.session, calls.concat(each.dataset.calls.split(" ")));
    }
    for (const each of episodes) each.hidden = !shown.has(each);
    for (const group of groups) {
      const any = all(".eps > li:not([hidden])", group);
      group.hidden = !any.length;
      const folded = one("details", group);
      if (folded) { const inside = all("li:not([hidden])", folded); folded.hidden = !inside.length; if (wanted.length && inside.length) folded.open = true; }
    }
    for (const session of sessions) {
      const ident = session.id.slice(1), calls = within.get(ident);
      session.hidden = wanted.length > 0 && !calls;
      const drawing = one("svg.tl", session);
      if (!drawing) continue;
      drawing.classList.toggle("some", wanted.length > 0);
      for (const bar of all(".hit", drawing)) bar.classList.remove("hit");
      if (wanted.length && calls) for (const call of calls) { const bar = document.getElementById(`b${ident}-${call}`); if (bar) bar.classList.add("hit"); }
    }
    const left = sessions.filter((session) => !session.hidden).length;
    told.textContent = `${counted(met.length, "episode")} in ${counted(left, "session")} shown`;
  };
  const choose = (values) => { for (const choice of choices) choice.value = values[choice.dataset.by] || ""; filter(); };
  if (box && episodes.length) {
    box.hidden = false;
    for (const choice of choices) choice.addEventListener("change", filter);
    one(".filters button").addEventListener("click", () => choose({}));
    for (const link of all(".matrix td[data-tool] a")) {
      link.addEventListener("click", () => { const { tool, fault } = link.closest("td").dataset; choose({ tool, fault }); });
    }
  }

  /* A call's words beside its bar */
  const note = document.createElement("div");
  note.id = "call"; note.hidden = true; note.setAttribute("role", "status");
  document.body.append(note);
  let marked = null;
  const leave = () => { note.hidden = true; if (marked) marked.classList.remove("at"); marked = null; };
  const show = (bar) => {
    if (bar === marked) return;
    const list = one(".calls", bar.closest(".session")), line = list && list.children[[...bar.parentNode.children].indexOf(bar)];
    leave();
    marked = bar;
    bar.classList.add("at");
    /* A very large page has not all calls in words. */
    const [number, ...said] = line ? [line.firstChild.textContent, ...line.lastChild.textContent.split("; ")] : [`#${bar.id.split("-")[1]}`];
    note.replaceChildren(document.createElement("b"), ...said.map(() => document.createElement("span")));
    [number, ...said].forEach((part, place) => { note.children[place].textContent = part.trim(); });
    note.hidden = false;
    const at = bar.getBoundingClientRect(), size = note.getBoundingClientRect(), room = document.documentElement.clientWidth;
    const above = at.top - size.height - 12 > 56;
    note.style.left = `${window.scrollX + Math.max(16, Math.min(at.left - 12, room - size.width - 16))}px`;
    note.style.top = `${window.scrollY + (above ? at.top - size.height - 12 : at.bottom + 12)}px`;
  };
  const bring = (bar) => {
    const chart = bar.closest(".chart"), at = bar.getBoundingClientRect(), view = chart.getBoundingClientRect();
    if (at.left < view.left + 12 || at.right > view.right - 12) chart.scrollLeft += at.left - view.left - view.width / 3;
    show(bar);
  };
  const keys = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
  for (const chart of all(".chart")) {
    const bars = all(".bars > g", chart);
    /* Not pointerover: that comes also when the page is scrolled away under a pointer that rests. */
    chart.addEventListener("pointermove", (event) => { const bar = event.target.closest(".bars > g"); if (bar) show(bar); });
    chart.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse" && document.activeElement !== chart && chart.contains(marked)) leave(); });
    chart.addEventListener("click", (event) => { const bar = event.target.closest(".bars > g"); if (bar) show(bar); else leave(); });
    chart.addEventListener("blur", leave);
    chart.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return leave();
      const step = keys[event.key];
      if (step === undefined || !bars.length) return;
      event.preventDefault();
      const from = bars.indexOf(marked), start = from < 0 && step < 0 ? bars.length : from;
      bring(bars[Math.max(0, Math.min(bars.length - 1, start + step))]);
    });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });

  /* Links */
  const follow = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (box && target.closest("[hidden]")) choose({});
    reveal(target);
    target.scrollIntoView({ block: target.closest("svg") ? "center" : "start" });
    if (target.closest(".chart")) { target.closest(".chart").focus({ preventScroll: true }); bring(target); }
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) { event.preventDefault(); follow(); }
  });
  addEventListener("hashchange", follow);
  /* After the browser's own jump, which knows neither folds nor the middle of a drawing. */
  addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(follow)));

  /* A box is a stop for the keyboard only if there is something to scroll to. */
  const stops = () => { for (const each of all(".scroll")) each.tabIndex = each.scrollWidth > each.clientWidth + 1 ? 0 : -1; };
  addEventListener("resize", stops);
  stops();

  let folded = [];
  addEventListener("beforeprint", () => { folded = all("details:not([open])").filter((each) => !one(":scope > .calls", each)); for (const each of folded) each.open = true; });
  addEventListener("afterprint", () => { for (const each of folded) each.open = false; });
})();
