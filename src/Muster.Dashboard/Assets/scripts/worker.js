// Shows what needs you, and leads to it. It keeps no page: what is shown is always the plane's.
self.addEventListener("notificationclick", event => {
  const clicked = /** @type {any} */ (event);
  clicked.notification.close();
  clicked.waitUntil(lead());
});

async function lead() {
  const { clients } = /** @type {any} */ (self);
  const [page] = await clients.matchAll({ type: "window", includeUncontrolled: true });
  if (!page) return clients.openWindow("/");
  await page.focus();
  return page.navigate("/").catch(() => clients.openWindow("/"));
}
