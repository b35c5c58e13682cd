// Tables in prose: one that is wider than its column scrolls, and is reached by the keyboard then.

const widths = new ResizeObserver(entries => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute('tabindex');
  }
});

/** Lets a reader without a pointer scroll the tables of rendered Markdown, as wide as they may get. */
export function reach(root) {
  for (const table of root.querySelectorAll('table')) widths.observe(table);
}
