// What a page is going to need is run while its circuit connects: the scripts that its head preloads.
import { loadScript } from './scripts.js';

for (const link of document.querySelectorAll('link[rel="preload"][as="script"]')) {
  // Who needs it asks again, and says what went wrong.
  loadScript(link.href).catch(() => {});
}
