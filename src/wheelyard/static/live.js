// What makes pages live: every page is whole without it.
"use strict";

const SLOWEST = 30000; // Milliseconds between attempts while the server does not answer.
const MOST_TEXT = 2000000; // Characters of a growing log that are kept on the page.

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

async function untilSeen() {
  while (document.hidden) {
    await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
  }
}

// Buttons that copy what is in a <pre data-copy>.
function addCopyButton(pre) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent.trim());
      button.textContent = "Copied";
    } catch {
      // Without a secure connection there is no clipboard: it is selected, to be copied by hand.
      getSelection().selectAllChildren(pre);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  const frame = document.createElement("div");
  frame.className = "copied";
  pre.replaceWith(frame);
  frame.append(pre, button);
}

function addCopyButtons(within) {
  for (const pre of within.querySelectorAll("pre[data-copy]")) addCopyButton(pre);
}

// Parts with an id and data-refresh="seconds" are replaced by those of a new copy of the page.
function replacePart(part, fresh) {
  const isUsed = part.contains(document.activeElement);
  if (isUsed || part.dataset.was === fresh.innerHTML) return part;
  const was = fresh.innerHTML;
  addCopyButtons(fresh);
  fresh.dataset.was = was;
  part.replaceWith(fresh);
  return fresh;
}

async function keepFresh() {
  const parts = () => [...document.querySelectorAll("[id][data-refresh]")];
  let wait = 0;
  while (parts().length) {
    const seconds = Math.min(...parts().map((part) => Number(part.dataset.refresh) || 10));
    await pause(Math.max(seconds * 1000, wait));
    await untilSeen();
    try {
      const answer = await fetch(location.href, { cache: "no-cache" });
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of parts()) {
        const fresh = page.getElementById(part.id);
        if (fresh) replacePart(part, document.adoptNode(fresh));
        else delete part.dataset.refresh;
      }
      wait = 0;
    } catch {
      wait = Math.min(SLOWEST, (wait || 1000) * 2);
    }
  }
}

// A log that grows: <pre data-log="URL" data-offset="bytes">, read on from where it stopped.
const ESCAPES = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])/g;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

function plain(text) {
  return text.replaceAll("\r\n", "\n").replace(ESCAPES, "").replace(CONTROLS, "");
}

function show(log, text) {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(plain(text));
  if (log.textContent.length > MOST_TEXT) log.firstChild.remove();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

async function follow(log) {
  const told = document.getElementById("log-state");
  const tell = (text) => { if (told && told.textContent !== text) told.textContent = text; };
  let offset = Number(log.dataset.offset);
  let rest = "";
  let wait = 1000;
  log.scrollTop = log.scrollHeight;
  for (;;) {
    try {
      const answer = await fetch(`${log.dataset.log}?offset=${offset}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      const piece = await answer.json();
      const text = rest + piece.text;
      const isOver = !piece.is_running && piece.next === offset;
      // An escape sequence or a line may be cut by the end of a piece.
      const end = isOver ? text.length : text.lastIndexOf("\n") + 1;
      if (end) show(log, text.slice(0, end));
      rest = text.slice(end);
      offset = piece.next;
      if (isOver) {
        tell("The build has ended.");
        location.reload();
        return;
      }
      tell("Following the log.");
      wait = 1000;
      if (piece.is_running) await pause(wait);
    } catch {
      tell("The server does not answer; trying again.");
      await pause(wait);
      wait = Math.min(SLOWEST, wait * 2);
    }
    await untilSeen();
  }
}

addCopyButtons(document);
for (const log of document.querySelectorAll("[data-log]")) follow(log);
keepFresh();
