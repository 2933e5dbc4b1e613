// What one types to the Chief of Staff is sent by Enter, and may be spoken where the browser can listen.

/** @type {any} */
const Listener = /** @type {any} */ (globalThis).SpeechRecognition ?? /** @type {any} */ (globalThis).webkitSpeechRecognition;
/** @type {any} */
let hearing;

export function startChat() {
  document.addEventListener("keydown", event => {
    const area = event.target;
    // On glass, Enter is a line: there is a button at hand.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || !matchMedia("(pointer: fine)").matches) return;
    if (!(area instanceof HTMLTextAreaElement) || !area.hasAttribute("data-enter")) return;
    event.preventDefault();
    area.form?.requestSubmit();
  });
  if (!Listener) return;
  offer();
  document.addEventListener("muster:changed", offer);
  document.addEventListener("click", event => {
    const button = /** @type {Element} */ (event.target).closest?.("[data-dictate]");
    if (button instanceof HTMLButtonElement) hearing ? hearing.stop() : listen(button);
  });
}

function offer() {
  for (const button of document.querySelectorAll("[data-dictate]")) button.removeAttribute("hidden");
}

/** @param {HTMLButtonElement} button */
function listen(button) {
  const area = button.form?.querySelector("textarea");
  if (!area) return;
  hearing = new Listener();
  // Where the browser can, what is said stays on this machine.
  if ("processLocally" in hearing) hearing.processLocally = true;
  hearing.lang = navigator.language;
  hearing.interimResults = true;
  const before = area.value ? `${area.value.trimEnd()} ` : "";
  hearing.onresult = (/** @type {any} */ event) => {
    area.value = before + [...event.results].map(r => r[0].transcript).join("");
  };
  hearing.onerror = (/** @type {any} */ event) => { button.title = `The browser could not listen: ${event.error}`; };
  hearing.onend = () => {
    hearing = undefined;
    button.setAttribute("aria-pressed", "false");
    area.focus();
  };
  button.setAttribute("aria-pressed", "true");
  hearing.start();
}
