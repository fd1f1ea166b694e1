"""How a report's page looks: on a screen, on a telephone and on paper."""

STYLE = """
:root { color-scheme: light; --ink: #1b2330; --quiet: #5b6675; --line: #d9dee5; --tint: #f4f6f9;
  --blue: #005a8f; --warm: #a33c00; }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: var(--ink); background: #fff; }
header, nav, main { max-width: 72rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 2.6rem 0 .8rem; padding-bottom: .3rem; font-size: 1.3rem;
  border-bottom: 2px solid var(--ink); }
h3 { margin: 1.8rem 0 .2rem; font-size: 1.02rem; }
p { margin: .3rem 0; }
header p, h3 + p, .notes { color: var(--quiet); }
header .pair { margin-top: .5rem; font-size: 1.1rem; color: var(--ink); }
nav { position: sticky; top: 0; z-index: 1; padding-top: .6rem; padding-bottom: .6rem;
  background: #ffffffee; border-bottom: 1px solid var(--line); }
nav a { margin-right: 1.2rem; color: var(--blue); text-decoration: none; }
nav a:hover { text-decoration: underline; }
section { scroll-margin-top: 2rem; }
.mark { padding: .15rem .6rem; border: 2px solid var(--warm); border-radius: 1rem;
  font-size: .85rem; vertical-align: middle; color: var(--warm); }
.tiles { display: flex; flex-wrap: wrap; gap: 1rem; margin-bottom: 1rem; }
.tile { flex: 1 1 14rem; padding: .8rem 1.1rem; background: var(--tint);
  border-left: 4px solid var(--blue); border-radius: 4px; }
.tile p { margin: 0; color: var(--quiet); }
.tile .value { font-size: 1.7rem; font-weight: 650; line-height: 1.35; color: var(--ink); }
ul { margin: .4rem 0 .8rem; padding-left: 1.2rem; }
li { margin: .25rem 0; }
.card { margin: .8rem 0; padding: .1rem 1.1rem .3rem; border-left: 4px solid var(--quiet);
  background: var(--tint); border-radius: 4px; }
.card.warned { border-left: 4px dashed var(--warm); }
.card h3 { margin-top: .6rem; }
.wide { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums;
  border-top: 2px solid var(--ink); border-bottom: 2px solid var(--ink); }
th, td { padding: .28rem .5rem; text-align: right; white-space: nowrap; }
thead th { vertical-align: bottom; white-space: normal; border-bottom: 1px solid var(--ink); }
tbody th, .labels1 thead th:first-child, .labels2 thead th:nth-child(-n+2),
.labels3 thead th:nth-child(-n+3), .labels4 thead th:nth-child(-n+4) { text-align: left; }
tbody th { font-weight: 500; }
tbody tr:nth-child(even) { background: var(--tint); }
td small { color: var(--quiet); }
.notes { font-size: .82rem; }
.sentences li::first-letter { text-transform: uppercase; }
figure { margin: 1.6rem 0; padding-bottom: 1rem; border-bottom: 1px solid var(--line); }
img { display: block; max-width: 100%; height: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: .6rem 0;
  font-size: .86rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
summary { cursor: pointer; color: var(--blue); }
code { padding: .1rem .35rem; background: var(--tint); border-radius: 3px; }
@media print { nav { display: none; } figure, table, .card { break-inside: avoid; } }
"""
