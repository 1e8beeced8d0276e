/**
 * The style of the report's page, light and dark. Colours of systems are c0 to c7.
 */
export const COLOURS = 8

export const STYLE = `
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b2230; --soft: #5b6678; --rule: #e2e6ec; --band: #f5f7fa;
  --good: #0f7a3d; --bad: #b3261e;
  --c0: #1d5fd1; --c1: #c2570c; --c2: #15803d; --c3: #7c3aed; --c4: #be185d; --c5: #0e7c86; --c6: #8a6100; --c7: #5b6678 }
@media (prefers-color-scheme: dark) { :root { --paper: #12161d; --ink: #e6eaf1; --soft: #9aa6b8; --rule: #2b333f; --band: #1a202a;
  --good: #5fd18a; --bad: #ff8a80;
  --c0: #7aa8ff; --c1: #ff9f5a; --c2: #5fd18a; --c3: #b99bff; --c4: #ff86b6; --c5: #4fd1dc; --c6: #e0b354; --c7: #a7b4c8 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 32px 24px 64px; max-width: 1360px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
h1 { font-size: 26px; margin: 0 0 4px } h2 { font-size: 21px; margin: 0 } h3 { font-size: 15px; margin: 24px 0 8px }
section { margin-top: 40px; padding-top: 24px; border-top: 2px solid var(--rule) }
p { margin: 4px 0 } .soft, footer { color: var(--soft) } code { font: 13px ui-monospace, Menlo, Consolas, monospace }
nav a { color: var(--c0); margin-right: 14px; text-decoration: none }
.warning { color: var(--bad) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-size: 14px } th { text-align: right; color: var(--soft); font-weight: 600 }
th:first-child, td:first-child, .unit { text-align: left } .unit { color: var(--soft) }
td { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap } td:first-child { white-space: normal; min-width: 260px }
th, td { padding: 4px 14px 4px 8px; border-bottom: 1px solid var(--rule) } tbody tr:nth-child(even) { background: var(--band) }
th.group { text-align: left; color: var(--ink); padding-top: 14px; background: var(--paper) }
.met { color: var(--good); font-weight: 600 } .missed { color: var(--bad); font-weight: 600 }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 20px; margin-top: 16px }
figure { margin: 0; padding: 12px 14px; border: 1px solid var(--rule); border-radius: 8px } figcaption { font-weight: 600; margin-bottom: 6px }
svg { display: block; width: 100%; height: auto } svg text { font-size: 11px; fill: var(--soft) } svg .axis { font-size: 12px; fill: var(--ink) }
svg .grid { stroke: var(--rule) } svg polyline { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round }
svg circle { fill: currentColor; stroke: var(--paper) }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 13px } .legend span::before { content: "●"; margin-right: 5px }
${Array.from({ length: COLOURS }, (_, at) => `.c${at} { color: var(--c${at}) }`).join('\n')}
ul { margin: 6px 0; padding-left: 20px } summary { cursor: pointer; font-weight: 600; margin: 20px 0 8px }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 12px 0 } dt { color: var(--soft) } dd { margin: 0 }
@media print { details > * { display: block } }
`
