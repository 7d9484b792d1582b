// Shows projects as one types a name: the page that the form leads to is asked for, and its results
// are shown. Without this script the form works by itself.
"use strict";

const REST = 80; // Milliseconds without a key pressed, before it is asked.
const SHORTEST = 2; // Letters.

function attach(form) {
  const input = form.querySelector("input[name=q]");
  const place = document.getElementById(form.dataset.results);
  const shown = new Map();
  let asking = null;
  let timer = 0;

  function show(found) {
    place.replaceChildren(...found.map((node) => node.cloneNode(true)));
  }

  async function ask() {
    const text = input.value.trim();
    asking?.abort();
    if (text.length < SHORTEST) return show([]);
    if (shown.has(text)) return show(shown.get(text));
    asking = new AbortController();
    const url = new URL(form.getAttribute("action"), location.href);
    url.searchParams.set("q", text);
    try {
      const answer = await fetch(url, { signal: asking.signal });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const results = document.adoptNode(page.getElementById("results"));
      for (const link of results.querySelectorAll("a")) {
        link.href = new URL(link.getAttribute("href"), answer.url).href;
      }
      for (const inner of results.querySelectorAll("form")) {
        inner.action = new URL(inner.getAttribute("action"), answer.url).href;
      }
      shown.set(text, [...results.childNodes]);
      show(shown.get(text));
    } catch (error) {
      if (error.name !== "AbortError") show([]);
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, REST);
  });
}

for (const form of document.querySelectorAll("form[data-results]")) attach(form);
