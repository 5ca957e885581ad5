/** One step of indentation for each depth that the waterfall shows; inline styles are forbidden by the policy. */
const depths = Array.from(
  { length: 24 },
  (_, i) => `.depth-${i + 1}{padding-inline-start:${(i + 1) * 0.9}rem}`,
).join('\n');

/** The mark of each process in a trace, and again from the first. */
const processes = [
  ['#5b6770', '#9aa7b2'],
  ['#0a7f78', '#4fbdb8'],
  ['#a2459b', '#d58bd0'],
  ['#7a6a00', '#cdb94a'],
  ['#3b5bb5', '#8fa8ee'],
  ['#a8452c', '#e58f76'],
]
  .map(([light, dark], i) => `.process-${i}{--process:light-dark(${light},${dark})}`)
  .join('\n');

/** The colours of a chart. */
const series = [
  ['#3f6fb0', '#6d9bd8'],
  ['#b4781e', '#d6a04c'],
  ['#1f8a86', '#4fbdb8'],
  ['#a2459b', '#d58bd0'],
  ['#3f9a53', '#63bd77'],
  ['#7c7f86', '#888d95'],
  ['#c2361f', '#f0806c'],
  ['#7a6a00', '#cdb94a'],
]
  .map(([light, dark], i) => `.series-${i}{--series:light-dark(${light},${dark})}`)
  .join('\n');

/** The one style sheet. No font, image or script is loaded from anywhere. */
export const stylesheet: string = `:root{
color-scheme:light dark;
--paper:light-dark(#fdfcfa,#16181b);
--raised:light-dark(#f5f3ee,#1e2125);
--ink:light-dark(#1d1f23,#dfe1e4);
--soft:light-dark(#62666d,#9a9fa7);
--rule:light-dark(#e2dfd8,#2c3036);
--link:light-dark(#0b57a4,#7fb4ee);
--accent:light-dark(#aa4f09,#e8a35c);
--failed:light-dark(#b3141f,#ff8a84);
--running:light-dark(#0a6b4f,#5fcfa6);
--server:light-dark(#3f6fb0,#6d9bd8);
--client:light-dark(#b4781e,#d6a04c);
--internal:light-dark(#7c7f86,#888d95);
--messaging:light-dark(#7a52a8,#ae8bd8);
--critical:light-dark(#1d1f23,#dfe1e4);
--busy:light-dark(#b9c3cf,#4a5663);
--stall:light-dark(#c2361f,#f0806c);
--gc:light-dark(#a2459b,#d58bd0);
--queue:light-dark(#a9a49a,#6d7178);
--dns:light-dark(#1f8a86,#4fbdb8);
--connect:light-dark(#d07f1a,#e0a04a);
--tls:light-dark(#8a55b5,#b58ad9);
--send:light-dark(#7d9cc4,#93b3dc);
--wait:light-dark(#3f9a53,#63bd77);
--receive:light-dark(#2f6fc0,#6ba3e6);
}
*{box-sizing:border-box}
html{font:15px/1.45 system-ui,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;background:var(--paper);color:var(--ink)}
body{margin:0;min-height:100vh;display:flex;flex-direction:column}
main{flex:1;width:100%;max-width:88rem;margin:0 auto;padding:0 1.25rem 2rem}
a{color:var(--link);text-decoration-thickness:1px;text-underline-offset:2px}
a:focus-visible,summary:focus-visible,button:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
h1{font-size:1.45rem;font-weight:650;letter-spacing:-.01em;margin:1.4rem 0 .9rem;overflow-wrap:anywhere}
h2{font-size:1.08rem;font-weight:650;margin:1.8rem 0 .5rem;overflow-wrap:anywhere}
h2 small{font-weight:400;color:var(--soft);margin-inline-start:.4rem}
h3{font-size:.86rem;font-weight:650;margin:1rem 0 .3rem;color:var(--soft)}
p{margin:.4rem 0}
code,pre,.number,.when,.took,.attributes td,.events td{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em;font-variant-numeric:tabular-nums}
.bar{display:flex;gap:1.2rem;align-items:baseline;padding:.6rem 1.25rem;border-bottom:1px solid var(--rule);background:var(--raised)}
.mark{font-weight:700;letter-spacing:.02em;color:var(--accent);text-decoration:none}
.bar nav{flex:1;display:flex;gap:1rem}
.process{margin:0;color:var(--soft);font-size:.9rem}
.process b{color:var(--ink)}
button{font:inherit;font-size:.84rem;line-height:1.3;color:var(--soft);background:var(--paper);border:1px solid var(--rule);border-radius:4px;padding:.08rem .5rem;cursor:pointer}
button:hover{color:var(--ink);border-color:var(--soft)}
.live{min-width:6.4rem;text-align:start;white-space:nowrap}
.live::before{content:"";display:inline-block;width:.5rem;height:.5rem;margin-inline-end:.4rem;border-radius:50%;border:1.5px solid var(--soft)}
.live[data-state=on]::before{border-color:var(--running);background:var(--running)}
.live[data-state=held]::before{border-color:var(--running)}
.live[data-state=paused]::before{border-radius:0;border-width:0 2px}
.live:is([data-state=lost],[data-state=refused])::before{border-color:var(--failed)}
.help{border:0;background:none;padding:0;color:var(--link);text-decoration:underline 1px;text-underline-offset:2px}
.copy{user-select:all}
.copier{margin-inline-start:.5rem;padding:0 .35rem;font-size:.75rem;font-family:inherit}
.said{position:fixed;inset:auto 1.25rem 1rem auto;max-width:min(32rem,calc(100vw - 2.5rem));margin:0;padding:.45rem .8rem;background:var(--ink);color:var(--paper);border-radius:4px;font-size:.9rem}
.said:empty{display:none}
.keys{color:var(--ink);background:var(--paper);border:1px solid var(--rule);border-radius:6px;padding:1rem 1.4rem;min-width:18rem}
.keys::backdrop{background:light-dark(#1d1f2340,#00000080)}
.keys h2{margin:0 0 .6rem}
.keys dl{margin:0 0 1rem}
.keys div{display:grid;grid-template-columns:4.4rem 1fr;padding:.16rem 0}
.keys dd{margin:0}
kbd{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.84rem;background:var(--raised);border:1px solid var(--rule);border-radius:3px;padding:.02rem .35rem}
kbd+kbd{margin-inline-start:.25rem}
footer{padding:.8rem 1.25rem;border-top:1px solid var(--rule);color:var(--soft);font-size:.85rem}
.scroll{overflow-x:auto;position:relative}
table{border-collapse:collapse}
th,td{padding:.28rem .7rem;text-align:start;vertical-align:baseline}
th:first-child,td:first-child{padding-inline-start:0}
thead th{color:var(--soft);font-weight:500;font-size:.84rem;border-bottom:1px solid var(--rule);white-space:nowrap}
tbody th{font-weight:400}
.number,.events .number{text-align:end;white-space:nowrap}
.families,.requests{width:100%}
.families tbody tr:hover,.requests tbody tr:hover{background:var(--raised)}
.families tbody tr.chosen{background:var(--raised)}
.families tbody th{overflow-wrap:anywhere;min-width:11rem;position:sticky;inset-inline-start:0;background:var(--paper)}
.families tbody tr:hover th,.families tbody .chosen th{background:var(--raised)}
.families td,.families thead .number{width:5.6rem}
.families tbody tr+tr>*{border-top:1px solid var(--rule)}
.requests td{border-bottom:1px solid var(--rule);overflow-wrap:anywhere}
.requests .when{white-space:nowrap;color:var(--soft)}
.requests .when,.requests .number{width:1%}
.requests .first td{border-bottom:0;border-top:1px solid var(--rule);padding-top:.45rem;font-weight:600}
.requests .first td:not(:nth-child(3)){font-weight:400}
.requests tbody tr.first:first-child td{border-top:0}
.line-row td{border-bottom:0;padding-block:.05rem}
.line-row:last-child td{padding-bottom:.45rem}
.line-row .when{text-align:end}
.line-row .number{white-space:pre}
.line-row td:last-child{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em;white-space:pre-wrap}
.lead{color:var(--soft)}
.failed>.lead{color:inherit}
.log .text{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em;white-space:pre-wrap}
.line-row em{color:var(--soft)}
.stack{margin:.1rem 0 .35rem;padding:.1rem .7rem;background:none;border-inline-start:2px solid var(--rule);color:var(--soft);font-size:1em}
.looks{display:flex;flex-wrap:wrap;gap:.2rem 1rem;align-items:baseline;margin:.1rem 0 .5rem}
.between,.soft{color:var(--soft)}
.groups th{border-bottom:0;padding-bottom:0;text-align:center}
.apart{padding-inline-start:1.6rem}
.statistics{margin-bottom:1rem}
.statistics .number{font-size:.95em}
.histogram{width:100%}
.histogram td,.histogram thead th{width:1%}
.histogram td{padding-block:.12rem;vertical-align:middle}
.histogram td:nth-child(1){padding-inline-end:.3rem}
.histogram td:nth-child(2){padding-inline-start:.3rem}
.histogram .share,.histogram thead th:last-child{width:auto;min-width:12rem}
.share div{display:grid;grid-template-columns:1fr 8rem;gap:.8rem;align-items:center}
.share .line rect{fill:var(--server)}
.landmarks{color:var(--accent);font-size:.84rem;white-space:nowrap}
.unseen{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden;white-space:nowrap}
[aria-current]{font-weight:700;color:var(--ink);text-decoration:none;border-bottom:2px solid var(--accent)}
.none{color:var(--soft)}
span.none{opacity:.55}
.failed{color:var(--failed)}
.running{color:var(--running)}
a.failed,a.running{text-decoration-color:currentColor}
.ways a{display:inline-block;line-height:24px;margin-inline-end:.8rem;white-space:nowrap}
.flame{display:block;font-size:12px;border:1px solid var(--rule)}
.flame text{fill:var(--ink)}
.flame rect{fill:var(--raised)}
.flame .own{fill:light-dark(#f3c68f,#7a4d1e)}
.flame .package{fill:light-dark(#dcc9ee,#4e3a66)}
.flame .node{fill:light-dark(#c3d8f0,#2c4766)}
.flame .native{fill:light-dark(#d8d6d0,#44484e)}
.flame .above{opacity:.55}
.flame a:is(:hover,:focus-visible) rect{stroke:var(--ink)}
.flame-key i{display:inline-block;width:.8rem;height:.8rem;margin-inline:.8rem .2rem;border:1px solid var(--rule);vertical-align:-.1rem}
.flame-key .own{background:light-dark(#f3c68f,#7a4d1e)}
.flame-key .package{background:light-dark(#dcc9ee,#4e3a66)}
.flame-key .node{background:light-dark(#c3d8f0,#2c4766)}
.flame-key .native{background:light-dark(#d8d6d0,#44484e)}
.source td{padding-block:0}
.source code{white-space:pre}
.source .hot{background:var(--raised)}
.empty,.store{color:var(--soft)}
.store{margin-top:1.6rem;font-size:.88rem}
.notice{border-inline-start:3px solid var(--accent);background:var(--raised);padding:.5rem .8rem}
.search{display:flex;gap:.5rem;max-width:62rem}
.search label{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.search input{flex:1;min-width:0;font:.95rem ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;color:var(--ink);background:var(--raised);border:1px solid var(--rule);border-radius:4px;padding:.38rem .6rem}
.search input::placeholder{color:var(--soft);opacity:1}
.search input[aria-invalid]{border-color:var(--failed)}
.search button{font:inherit;color:var(--ink);background:var(--raised);border:1px solid var(--rule);border-radius:4px;padding:.32rem .9rem;cursor:pointer}
.search :focus-visible{outline:2px solid var(--accent);outline-offset:1px}
.asks{display:flex;flex-wrap:wrap;gap:.1rem 1.4rem;margin:.35rem 0 1rem;font-size:.9rem}
.asks span{display:flex;flex-wrap:wrap;gap:.1rem .9rem}
.asks>span,.grammar>summary{line-height:24px}
.grammar>summary{cursor:pointer;color:var(--soft)}
.grammar[open]{flex-basis:100%}
.grammar table{margin:.3rem 0}
.grammar th{color:var(--soft);white-space:nowrap}
.grammar td,.grammar th{padding-block:.12rem}
.grammar code{margin-inline-end:.6rem;white-space:nowrap}
.errors{width:100%}
.errors td{border-bottom:1px solid var(--rule);overflow-wrap:anywhere}
.errors td:nth-child(2){min-width:14rem}
.errors tbody tr:hover{background:var(--raised)}
.errors .message{display:block;color:var(--soft);display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden}
.errors .when{color:var(--soft)}
.errors .when,.errors td:last-child a{white-space:nowrap}
.place{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
mark{background:none;color:var(--failed);border-bottom:2px solid var(--failed)}
thead .sorted a{color:var(--ink);font-weight:600}
thead th a{color:inherit}
[aria-sort=ascending]::after{content:" ↑"}
[aria-sort=descending]::after{content:" ↓"}
.facts{display:flex;flex-wrap:wrap;gap:.3rem 1.8rem;margin:.2rem 0 .8rem}
.facts div{display:flex;gap:.5rem}
.facts dt{color:var(--soft)}
.facts dd{margin:0;overflow-wrap:anywhere}
.waterfall{border:1px solid var(--rule);border-radius:4px;margin:1rem 0;overflow:hidden}
.scale,.lane,.span>summary,.repeat>summary{display:grid;grid-template-columns:minmax(9rem,22rem) 1fr 6.5rem;gap:.8rem;align-items:center}
.scale{padding:.25rem .7rem;color:var(--soft);font-size:.8rem;border-bottom:1px solid var(--rule);background:var(--raised)}
.scale ol{grid-column:2;display:flex;justify-content:space-between;margin:0;padding:0;list-style:none}
.scale,.lane,.span>summary,.repeat>summary{padding-inline:.7rem}
.span,.repeat,.orphans{border-top:1px solid var(--rule)}
.scale+*{border-top:0}
.lane{padding-block:.12rem;color:var(--soft);font-size:.9rem}
.lane .name::before{content:""}
.lane+.lane{border-bottom:1px solid var(--rule);padding-bottom:.25rem}
.lane+.lane+*{border-top:0}
.span>summary,.repeat>summary{padding-block:.18rem;cursor:pointer;list-style:none}
.span>summary:focus-visible,.repeat>summary:focus-visible{outline-offset:-2px}
.span>summary::-webkit-details-marker,.repeat>summary::-webkit-details-marker{display:none}
.span>summary:hover,.repeat>summary:hover,.span:target>summary,.span[open]>summary{background:var(--raised)}
.repeat[open]{border-bottom:2px solid var(--rule)}
.repeat[open]>summary{background:var(--raised)}
.repeat>summary b{font-weight:650}
.orphans,.more{margin:0;padding:.25rem .7rem;color:var(--soft);font-size:.9rem}
.more{padding-inline-start:2.4rem;border-top:1px solid var(--rule)}
.name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.name::before{content:"▸";color:var(--soft);display:inline-block;width:1em;font-size:.8em}
[open]>summary>.name::before{content:"▾"}
.failed>summary .name,.failed>summary .took{color:var(--failed)}
.running>summary .took{color:var(--running)}
.span .detail{color:var(--ink)}
.mark-remote,.mark-missing,.name small{color:var(--soft)}
.name small{font-size:.88em;margin-inline-start:.35em}
.took{text-align:end;white-space:nowrap}
.line{width:100%;height:18px;display:block}
.line rect{fill:var(--internal)}
.line .kind-server{fill:var(--server)}
.line .kind-client{fill:var(--client)}
.line .kind-producer,.line .kind-consumer{fill:var(--messaging)}
.failed>summary .line [class^=kind]{fill:var(--failed)}
.line .critical{fill:var(--critical)}
.line .phase-queue{fill:var(--queue)}
.line .phase-dns{fill:var(--dns)}
.line .phase-connect{fill:var(--connect)}
.line .phase-tls{fill:var(--tls)}
.line .phase-send{fill:var(--send)}
.line .phase-wait{fill:var(--wait)}
.line .phase-receive{fill:var(--receive)}
.line .busy{fill:var(--busy)}
.line .stall{fill:var(--stall)}
.line [class^=gc-]{fill:var(--gc)}
.line .open{fill-opacity:.45;stroke:var(--running);stroke-width:1;vector-effect:non-scaling-stroke}
.line line.exception{stroke:var(--failed);stroke-width:2}
.line line{stroke:var(--paper);stroke-width:1;vector-effect:non-scaling-stroke}
.why{border-inline-start:3px solid var(--accent);background:var(--raised);padding:.1rem 1rem .6rem;margin:1rem 0}
.why h2{margin:.6rem 0 .3rem;font-size:1rem}
.why ul{margin:0;padding-inline-start:1.1rem}
.why li{margin:.25rem 0;overflow-wrap:anywhere}
.exception{border-inline-start:3px solid var(--failed);padding-inline-start:.8rem;margin:.4rem 0 .8rem}
.timing{width:100%;max-width:46rem}
.timing th{font-weight:400;white-space:nowrap;width:1%}
.timing td,.timing th{padding-block:.05rem}
.timing .line{height:10px}
h3 small{font-weight:400}
.detail{padding:.4rem 1rem 1rem 1.7rem;border-top:1px dashed var(--rule)}
.attributes th a{color:inherit;text-decoration-style:dotted}
.attributes th,.events th{white-space:nowrap;font-weight:500;font-size:.9rem}
.attributes td,.events td:not(.number){overflow-wrap:anywhere;white-space:pre-wrap}
.events td,.events th,.attributes td,.attributes th{padding-block:.12rem}
.pair b{font-weight:500;color:var(--soft)}
pre{margin:.3rem 0;padding:.5rem .7rem;background:var(--raised);overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
.aside{margin-inline-start:.8rem;font-size:.9rem}
.compared tbody th{width:2.5rem}
.compared .when,.compared .number{width:1%;white-space:nowrap}
.compare{width:100%}
.compare :is(td,tbody th){padding-block:.22rem}
.compare tbody tr+tr>*{border-top:1px solid var(--rule)}
.compare tbody tr:hover{background:var(--raised)}
.compare tbody th{overflow-wrap:anywhere;min-width:12rem}
.compare tbody th>*{display:block}
.compare tbody th small{display:inline;margin-inline-start:.4rem}
.compare small,.only>th{color:var(--soft)}
.compare .number{width:5.8rem}
.compare .count{width:3.4rem}
.compare .share{width:22%;min-width:7rem}
.compare .line line{stroke:var(--rule)}
.compare .line .more{fill:var(--accent)}
.compare .line .less{fill:var(--running)}
.differences{font-size:.88rem;color:var(--soft)}
.differences summary{cursor:pointer}
.differences dl{margin:.2rem 0 .4rem}
.differences div{display:grid;grid-template-columns:minmax(8rem,auto) 1fr;gap:.8rem}
.differences dd{margin:0;color:var(--ink);font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
.choices{margin:.3rem 0;padding:0;list-style:none;columns:2 24rem;column-gap:3rem}
.choices li{display:grid;grid-template-columns:5rem auto 1fr;gap:.9rem;padding:.15rem 0;break-inside:avoid;align-items:baseline}
.choices a{justify-self:start}
a:not([href]){color:inherit;text-decoration:none}
.bar .process{margin-inline-start:auto}
.kept{border-top:1px solid var(--rule)}
.kept>summary{display:grid;grid-template-columns:5.5rem 1fr auto 15rem;gap:1rem;padding:.22rem 0;cursor:pointer;list-style:none;align-items:baseline;overflow-wrap:anywhere}
.kept>summary:hover,.kept[open]>summary{background:var(--raised)}
.kept .when{color:var(--soft)}
.sections{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(30rem,100%),1fr));gap:0 3rem;align-items:start}
.plain{width:100%}
.plain :is(td,th){padding-block:.2rem;border-bottom:1px solid var(--rule);overflow-wrap:anywhere}
.plain tbody tr:last-child>*{border-bottom:0}
.plain tbody th{white-space:nowrap}
.plain .number{width:6.5rem}
.pairs tbody th{color:var(--soft);width:1%}
.plain td:not(.number){font-size:.93rem}
.note{font-size:.88rem}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.5rem;margin:1rem 0 -.4rem;padding:0;list-style:none}
.legend li:not(.alone)::before{content:"";display:inline-block;width:.7em;height:.7em;margin-inline-end:.45em;border-radius:2px;background:var(--process)}
.legend small{color:var(--soft)}
[class*=process-]>summary{box-shadow:inset 3px 0 var(--process)}
.service{border:1px solid var(--process);border-radius:3px;padding:0 .35em;margin-inline-end:.25em;font-size:.82em;font-weight:600;color:var(--ink)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr));gap:1rem 2.5rem}
.chart{margin:0}
.chart figcaption{font-weight:650;font-size:.95rem}
.chart small{font-weight:400;color:var(--soft)}
.chart svg{width:100%;height:100px;display:block;margin:.25rem 0;background:var(--raised);border-bottom:1px solid var(--rule)}
.chart polyline{fill:none;stroke:var(--series);stroke-width:1.5;vector-effect:non-scaling-stroke}
.chart polygon{fill:var(--series)}
.chart ul{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;margin:0;padding:0;list-style:none;font-size:.85rem;color:var(--soft)}
.chart li::before{content:"";display:inline-block;width:.7em;height:.7em;margin-inline-end:.4em;border-radius:2px;background:var(--series)}
.chart b{font-weight:500;color:var(--ink);font-variant-numeric:tabular-nums}
.pages li{margin:.3rem 0}
${depths}
${processes}
${series}
@media (max-width:46rem){
.bar{flex-wrap:wrap;gap:.2rem 1rem}
.process{order:1;width:100%}
main{padding-inline:.8rem}
.lane,.span>summary,.repeat>summary{grid-template-columns:1fr 5.5rem;gap:.1rem .5rem}
.lane .line,.span>summary .line,.repeat>summary .line{grid-column:1/-1;grid-row:2}
.scale{display:none}
.families tbody th{min-width:7.5rem;max-width:9rem}
.share div{grid-template-columns:1fr 3.5rem;gap:.4rem}
.landmarks{white-space:normal;line-height:1.1}
.compare :is(.share,.count,.itself,thead th:last-child),.compared .when{display:none}
.compare :is(td,th){padding-inline-end:.3rem}
.compare tbody th{min-width:7rem}
.compare .number{width:4.6rem}
.kept>summary{grid-template-columns:4.5rem minmax(40%,1fr) auto}
.kept>summary .when{display:none}
.plain tbody th{white-space:normal;overflow-wrap:break-word}
.plain .number{width:auto}
.plain :is(td,th){padding-inline-end:.35rem}
.plain :is(td,th):last-child{padding-inline-end:0}
.pairs tbody th{width:45%}
.requests thead{display:none}
.requests,.requests tbody{display:block}
.requests tr{display:flex;flex-wrap:wrap;gap:0 .8rem;padding:.35rem 0;border-bottom:1px solid var(--rule)}
.requests td,.requests .first td{display:block;border:0;padding:0;width:auto}
.requests td:nth-child(3){order:2;flex-basis:100%}
.requests td:nth-child(5){margin-inline-start:auto}
.requests :is(.when,.number){width:auto}
.requests td:has(.running){order:3;flex-basis:100%}
.requests .log td:nth-child(4){display:none}
.requests .log td:nth-child(5){order:3;flex-basis:100%}
.requests .log .failed::before{content:"last error "}
.requests .log .none,.groups{display:none}
.errors thead{display:none}
.errors,.errors tbody{display:block}
.errors tr{display:grid;grid-template-columns:2.2rem 1fr;gap:.1rem .6rem;padding:.4rem 0;border-bottom:1px solid var(--rule)}
.errors td{display:block;border:0;padding:0;grid-column:2}
.errors td:first-child{grid-column:1;text-align:start}
.grammar tr{display:grid;grid-template-columns:5.4rem 1fr;gap:0 .6rem}
.grammar th,.grammar td{padding-inline:0}
.grammar td:last-child{grid-column:2;color:var(--soft)}
.histogram :is(td,th):is(:nth-last-child(2),:nth-last-child(3),:nth-last-child(5)){display:none}
.histogram td,.histogram th{padding-inline:.35rem}
.histogram .share,.histogram thead th:last-child{min-width:6rem}
.requests .first,.requests .line-row{border-bottom:0}
.requests .first{border-top:1px solid var(--rule);padding-bottom:.1rem}
.requests .line-row{display:grid;grid-template-columns:6.6em 1fr;padding:.05rem 0;font-size:.94em}
.requests .line-row .when{display:none}
.requests .line-row td:nth-child(3){grid-column:2;grid-row:1}
.requests .line-row:last-child{padding-bottom:.5rem}
}
`;
