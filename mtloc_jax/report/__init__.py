"""From rows to statistics, tables, figures and a page; numpy and matplotlib, no JAX."""
