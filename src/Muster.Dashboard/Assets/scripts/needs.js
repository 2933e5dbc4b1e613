// How much needs you: on the icon, on the installed app, and, where it is wanted, as a notification while you look elsewhere.
import { trustedAddress } from "./morph.js";

const Wanted = "muster-notify";
let before = count();

export function startNeeds() {
  tell();
  offer();
  document.addEventListener("muster:changed", () => { tell(); offer(); });
  document.addEventListener("click", event => {
    if (/** @type {Element} */ (event.target).closest?.("[data-notify-switch]")) change();
  });
}

/** The title says it: "(3) Board". */
function count() {
  return Number(/^\((\d+)\)/.exec(document.title)?.[1] ?? 0);
}

function tell() {
  const now = count();
  const icon = /** @type {HTMLLinkElement | null} */ (document.querySelector("link[rel=icon]"));
  const wanted = now > 0 ? icon?.dataset.needs : icon?.dataset.calm;
  if (icon && wanted && icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  if ("setAppBadge" in navigator) (now > 0 ? navigator.setAppBadge(now) : navigator.clearAppBadge()).catch(() => { /* Not installed: the icon of the page says it. */ });
  if (now > before && document.hidden && isOn()) notify(now);
  before = now;
}

/** @param {number} now */
async function notify(now) {
  const worker = await navigator.serviceWorker.ready;
  // One at a time: the newest takes the place of the last.
  await worker.showNotification(now === 1 ? "One thing needs you" : `${now} things need you`, { tag: "muster", body: document.title.replace(/^\(\d+\) /, ""), icon: document.querySelector("link[rel='apple-touch-icon']")?.getAttribute("href") ?? undefined });
}

function can() {
  return "Notification" in globalThis && "serviceWorker" in navigator && isSecureContext;
}

function isOn() {
  return can() && Notification.permission === "granted" && localStorage.getItem(Wanted) === "on";
}

/** The switch among the settings, as this browser allows it. */
function offer() {
  const button = /** @type {HTMLElement | null} */ (document.querySelector("[data-notify-switch]"));
  const how = document.querySelector("[data-notify-how]");
  if (!button || !how) return;
  const refused = can() && Notification.permission === "denied";
  how.textContent = !can() ? "This browser has none, or not without HTTPS." : refused ? "You have refused them for this site; allow them in the browser's own settings first." : "Say that something needs you while you look elsewhere. A page of Muster must be open.";
  button.hidden = !can() || refused;
  button.textContent = isOn() ? "Switch off" : "Switch on";
  button.setAttribute("aria-pressed", String(isOn()));
}

async function change() {
  if (isOn()) localStorage.removeItem(Wanted);
  else if (await Notification.requestPermission() === "granted") {
    await navigator.serviceWorker.register(trustedAddress("/worker.js"));
    localStorage.setItem(Wanted, "on");
  }
  offer();
}
