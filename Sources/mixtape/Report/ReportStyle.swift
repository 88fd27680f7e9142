/// How reports look: one style sheet for all of them, light and dark by what the reader's system prefers.
enum ReportStyle {
    static let css = """
        :root {
          color-scheme: light dark;
          --paper: #f4f2ed; --card: #fffdf9; --ink: #1f2126; --soft: #62656e; --rule: #dcd8ce; --line: #e4e0d6;
          --query: #2459c4; --match: #b8480f; --good: #17703f; --good-back: #dcefe1; --mild: #5d6069; --mild-back: #eceae4;
          --warn: #7d5300; --warn-back: #fbeecb; --shadow: 0 1px 2px rgb(40 35 20 / .06), 0 6px 20px rgb(40 35 20 / .05);
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #131417; --card: #1c1e22; --ink: #ecebe7; --soft: #a3a6ae; --rule: #32353b; --line: #2c2f35;
            --query: #8ab0ff; --match: #ff9d66; --good: #7fd6a0; --good-back: #1b3526; --mild: #b3b6bd; --mild-back: #292c31;
            --warn: #f3cd7a; --warn-back: #3a2f14; --shadow: none;
          }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body {
          margin: 0; background: var(--paper); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Ubuntu, Cantarell, sans-serif;
          font-variant-numeric: tabular-nums;
        }
        main, header.page, footer { width: min(72rem, 100% - 2rem); margin-inline: auto; }
        header.page { display: flex; gap: .75rem; align-items: center; padding: 1.5rem 0 .5rem; color: var(--soft); }
        header.page svg { width: 2.4rem; height: auto; flex: none; color: var(--ink); }
        header.page strong { color: var(--ink); letter-spacing: .01em; }
        h1, h2, h3, p, dl, dd, ol, ul, figure { margin: 0; padding: 0; }
        h1 { font-size: clamp(1.35rem, 1rem + 2vw, 2rem); line-height: 1.2; font-weight: 650; letter-spacing: -.01em; }
        h1, h2, h3, .path, figcaption { overflow-wrap: anywhere; }
        h2, .count { font-size: 1.05rem; font-weight: 650; margin: 2rem 0 .75rem; }
        h3 { font-size: 1.05rem; line-height: 1.3; font-weight: 620; }
        ol, ul { list-style: none; }
        .path, .small, figcaption, .ends, dt { color: var(--soft); font-size: .8125rem; }
        .card { background: var(--card); border: 1px solid var(--rule); border-radius: .875rem; box-shadow: var(--shadow); }
        .query { display: grid; grid-template-columns: minmax(0, 20rem) minmax(0, 1fr); gap: 1.25rem 1.5rem; padding: 1.25rem; }
        .query .words { display: flex; flex-direction: column; gap: .5rem; align-self: center; min-width: 0; }
        .eyebrow { color: var(--query); font-size: .75rem; font-weight: 650; letter-spacing: .08em; text-transform: uppercase; }
        .facts { display: flex; flex-wrap: wrap; gap: .4rem 1.5rem; }
        .facts dd { font-weight: 560; }
        .note { background: var(--warn-back); color: var(--warn); border-radius: .5rem; padding: .5rem .75rem; font-size: .875rem; }
        .matches { display: grid; gap: 1rem; }
        .match { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: .9rem 1.5rem; padding: 1.1rem 1.25rem 1.25rem; }
        .head { grid-column: 1 / -1; display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: .1rem .9rem; align-items: start; }
        .rank { font-size: 1.5rem; line-height: 1.2; font-weight: 300; color: var(--soft); min-width: 1.6ch; }
        .score { text-align: right; }
        .score b { font-size: 1.5rem; line-height: 1.2; font-weight: 650; }
        .meter { display: block; width: 6.5rem; height: .35rem; margin: .15rem 0 .35rem auto; border-radius: 1rem; background: var(--line); overflow: hidden; }
        .meter span { display: block; height: 100%; border-radius: 1rem; background: var(--mild); }
        .yes .meter span { background: var(--good); }
        .verdict { display: inline-block; border-radius: 1rem; padding: .1rem .6rem; font-size: .75rem; font-weight: 600; white-space: nowrap;
          color: var(--mild); background: var(--mild-back); }
        .yes .verdict { color: var(--good); background: var(--good-back); }
        .pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: .6rem; align-items: start; }
        .frame { position: relative; display: grid; place-items: center; aspect-ratio: 16 / 9; background: #0b0c0e; border-radius: .5rem; overflow: hidden; }
        .frame img { position: absolute; inset: 0; display: block; width: 100%; height: 100%; object-fit: contain; }
        .frame .missing { color: #c9cbd1; font-size: .75rem; padding: .5rem; text-align: center; overflow-wrap: anywhere; }
        figcaption { margin-top: .3rem; }
        figure.of-query .frame { box-shadow: 0 0 0 2px var(--query); }
        figure.of-match .frame { box-shadow: 0 0 0 2px var(--match); }
        .side { display: flex; flex-direction: column; gap: .8rem; min-width: 0; justify-content: space-between; }
        .bars svg { display: block; width: 100%; height: 3.5rem; }
        .ends { display: flex; justify-content: space-between; }
        .ends:first-child { color: var(--query); } .ends:nth-of-type(2) { color: var(--match); }
        .line { fill: var(--line); } .upper { fill: var(--query); } .lower { fill: var(--match); }
        .band { fill: color-mix(in srgb, var(--query) 50%, var(--match)); opacity: .28; }
        .whole .upper, .whole .lower { opacity: .55; } .whole .band { opacity: .1; }
        .segments { margin-top: .5rem; font-size: .875rem; display: flex; flex-wrap: wrap; gap: .15rem 1.25rem; }
        .q { color: var(--query); } .t { color: var(--match); }
        .only { grid-template-columns: minmax(0, 1fr); }
        .members { grid-column: 1 / -1; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 1.25rem; }
        .members li { display: flex; flex-direction: column; gap: .35rem; min-width: 0; }
        .members .facts { gap: .2rem 1rem; font-size: .875rem; }
        .name { font-weight: 560; overflow-wrap: anywhere; }
        .kept .verdict { color: var(--good); background: var(--good-back); }
        .ends { gap: 1rem; } .ends span { min-width: 0; overflow-wrap: anywhere; }
        .examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .75rem; }
        .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        h2.title { font-size: 1.35rem; line-height: 1.25; margin: 0; }
        section + section, h1 + section { margin-top: 2rem; }
        .empty { padding: 2rem 1.25rem; text-align: center; color: var(--soft); }
        details { margin: 2rem 0 0; } summary { cursor: pointer; font-weight: 600; }
        details dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35rem 1rem; margin-top: .6rem; font-size: .9375rem; }
        details dt { font-size: inherit; font-weight: 560; color: var(--ink); }
        details dd { color: var(--soft); }
        :focus-visible { outline: 2px solid var(--query); outline-offset: 3px; border-radius: .25rem; }
        footer { padding: 2rem 0 2.5rem; color: var(--soft); font-size: .8125rem; }
        @media (max-width: 46rem) {
          main, header.page, footer { width: calc(100% - 1.25rem); }
          .query, .match { grid-template-columns: minmax(0, 1fr); padding: .9rem; }
          .head { column-gap: .6rem; } .head h3 { font-size: 1rem; } .head .verdict { font-size: .6875rem; padding-inline: .5rem; }
          .meter { width: 4.5rem; }
          details dl { grid-template-columns: minmax(0, 1fr); gap: 0; } details dd { margin-bottom: .6rem; }
        }
        @media print { body { background: none; } .card { box-shadow: none; break-inside: avoid; } }
        """
}
