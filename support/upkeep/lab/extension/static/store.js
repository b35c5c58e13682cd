// What this browser keeps for the learner: JSON under names of our own, for good or until the tab is closed.

const PREFIX = 'bilingual-cells:';

/** The value kept under the name; an empty object where there is none that can be read. */
export function read(name, storage = localStorage) {
  try {
    return JSON.parse(storage.getItem(PREFIX + name)) ?? {};
  } catch {
    return {};
  }
}

/** Keeps the value. A browser that keeps nothing (full, or told not to) costs the learner the memory, no more. */
export function write(name, value, storage = localStorage) {
  try {
    storage.setItem(PREFIX + name, JSON.stringify(value));
  } catch (error) {
    console.warn(`${PREFIX}${name} is not kept:`, error);
  }
}

/** Calls back when another tab of this browser has changed what is kept for good. */
export function onChangeElsewhere(callback) {
  window.addEventListener('storage', event => {
    if (event.key === null || event.key.startsWith(PREFIX)) callback();
  });
}
