// A log that is read at its end stays at its end; one that somebody has scrolled stays where they are.

export function startTails() {
  const logs = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-tail]"));
  for (const log of logs()) log.scrollTop = log.scrollHeight;
  document.addEventListener("muster:changed", () => {
    for (const log of logs()) if (log.dataset.held !== "true") log.scrollTop = log.scrollHeight;
  });
  document.addEventListener("scroll", event => {
    const log = event.target;
    if (log instanceof HTMLElement && log.matches("[data-tail]")) log.dataset.held = String(log.scrollHeight - log.scrollTop - log.clientHeight > 40);
  }, true);
}
