'use strict';

/** The one global name of the page: its scripts are classic scripts (see index.html). */
window.milan = {};

/** Light or dark: as the system says, until the reader chooses. */
milan.theme = (() => {
  const key = 'milan-theme';
  const root = document.documentElement;

  // Storage may be forbidden for pages from the disk; then a choice lasts until the page is closed.
  function recall() {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }

  function remember(theme) {
    try {
      localStorage.setItem(key, theme);
    } catch {
      // Nothing to do: see recall().
    }
  }

  function current() {
    if (root.dataset.theme) return root.dataset.theme;
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }

  function toggle() {
    root.dataset.theme = current() === 'dark' ? 'light' : 'dark';
    remember(root.dataset.theme);
  }

  const chosen = recall();
  if (chosen === 'light' || chosen === 'dark') root.dataset.theme = chosen;
  return {toggle};
})();
