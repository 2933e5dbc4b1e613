// One stream keeps the page true. When it is lost the page says so, and from when what it shows is; the browser opens it anew.
import { parse, renew } from "./morph.js";

const body = document.body;
/** @type {EventSource | undefined} */
let source;
let shownAt = new Date();
/** @type {number | undefined} */
let patience;

export function startLive() {
  if (!body.dataset.live) return;
  open();
  // A page that comes back from the browser's memory, or from sleep, looks anew.
  addEventListener("pageshow", event => { if (event.persisted) location.reload(); });
  addEventListener("online", () => { if (source?.readyState === EventSource.CLOSED) open(); });
  // What a form answered with may be older than what the stream had brought by then, and may be of another page: the stream begins anew, from what is shown.
  document.addEventListener("muster:shown", () => {
    shownAt = new Date();
    open();
  });
}

function open() {
  source?.close();
  source = new EventSource(`/live?at=${encodeURIComponent(body.dataset.live ?? "/")}&after=${body.dataset.seq ?? 0}`);
  source.addEventListener("open", () => { say(false); body.dataset.connected = "true"; });
  source.addEventListener("error", lost);
  source.addEventListener("regions", event => {
    shownAt = new Date();
    body.dataset.seq = /** @type {MessageEvent} */ (event).lastEventId;
    show(JSON.parse(/** @type {MessageEvent} */ (event).data));
  });
  source.addEventListener("words", event => {
    const { goal, text } = JSON.parse(/** @type {MessageEvent} */ (event).data);
    for (const place of document.querySelectorAll(`[data-words="${CSS.escape(goal)}"]`)) place.textContent = text;
    document.dispatchEvent(new Event("muster:changed"));
  });
  source.addEventListener("reload", () => location.reload());
  source.addEventListener("over", () => location.assign("/sign-in"));
}

/** @param {{title: string, badge: number, regions: string[]}} news */
function show({ title, badge, regions }) {
  if (document.title !== title) document.title = title;
  for (const mark of document.querySelectorAll("[data-badge]")) {
    mark.toggleAttribute("hidden", badge === 0);
    if (mark.lastChild) mark.lastChild.nodeValue = String(badge);
  }
  for (const html of regions) {
    const wanted = parse(html).body.firstElementChild;
    const shown = wanted && document.getElementById(wanted.id);
    // Something else has changed the page: the stream begins anew, with all of it.
    if (wanted && shown && !renew(shown, wanted)) return open();
  }
  document.dispatchEvent(new Event("muster:changed"));
}

function lost() {
  delete body.dataset.connected;
  // A moment's cut is nobody's business.
  patience ??= setTimeout(() => say(true), 1200);
  // The browser gives up on an answer that is an error; we do not.
  if (source?.readyState === EventSource.CLOSED) setTimeout(open, 2000 + Math.random() * 2000);
}

/** @param {boolean} stale */
function say(stale) {
  clearTimeout(patience);
  patience = undefined;
  const banner = document.getElementById("stale");
  const text = banner?.querySelector("span");
  if (!banner || !text) return;
  if (stale) text.textContent = `Not connected. What you see is from ${shownAt.toLocaleTimeString()}; it goes on by itself when the plane answers.`;
  banner.hidden = !stale;
}
