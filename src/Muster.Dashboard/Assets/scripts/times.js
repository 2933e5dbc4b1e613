// "3 min ago" stays true.

export function startTimes() {
  setInterval(count, 10_000);
  document.addEventListener("muster:changed", count);
}

function count() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-when]")) {
    const text = ago(now - Date.parse(/** @type {HTMLTimeElement} */ (time).dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

/** @param {number} ms */
function ago(ms) {
  if (ms < 0) return ms > -5000 ? "in a moment" : `in ${span(-ms)}`;
  return ms < 5000 ? "just now" : `${span(ms)} ago`;
}

/** @param {number} ms */
function span(ms) {
  const s = ms / 1000;
  if (s < 100) return `${Math.round(s)} s`;
  if (s < 6000) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} days`;
}
