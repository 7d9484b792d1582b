// Tells of what waits in a grid of versions its place in the queue, and of what is being built where.
"use strict";

const EVERY = 20000; // Milliseconds.

function span(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return "under a minute";
  return minutes < 90 ? `about ${minutes} min` : `about ${Math.round(minutes / 60)} h`;
}

function tell(cell, job, root) {
  const badge = cell.querySelector(".badge");
  let note = cell.querySelector("small");
  if (!note) {
    note = document.createElement("small");
    cell.append(note);
  }
  if (job.state === "leased") {
    badge.textContent = "building";
    badge.className = "badge building";
    const link = document.createElement("a");
    link.href = `${root}build/${job.build}/`;
    link.textContent = "watch";
    note.replaceChildren(link);
  } else if (job.before !== null) {
    const place = job.before === 0 ? "next" : `${job.before} before it`;
    note.textContent = job.estimate_seconds === null ? place : `${place}, ${span(job.estimate_seconds)}`;
  }
}

async function look(told) {
  const answer = await fetch(told.dataset.jobs);
  if (!answer.ok) return;
  const cells = new Map();
  for (const cell of document.querySelectorAll("[data-place]")) cells.set(cell.dataset.place, cell);
  for (const job of (await answer.json()).jobs) {
    const cell = cells.get(`${job.version} ${job.target}`);
    if (cell) tell(cell, job, told.dataset.root);
  }
}

for (const told of document.querySelectorAll("[data-jobs]")) {
  const again = () => {
    if (!document.hidden) look(told).catch(() => {});
  };
  again();
  setInterval(again, EVERY);
}
