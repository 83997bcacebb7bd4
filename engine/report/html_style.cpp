#include "report/html_style.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/digest.h"

namespace runbook {

namespace {

std::string source_of(Markup text) { return fmt::format("'sha256-{}'", base64(sha256(text.text()))); }

}  // namespace

Markup page_style() {
  return R"css(
:root{color-scheme:light dark;--paper:#fff;--ground:#f6f5f2;--ink:#1c1f23;--soft:#565d66;--rule:#dcdcd6;--faint:#eeeeea;--link:#174f91;
--ok:#1d6a42;--bad:#a61f1b;--doubt:#855300;--stop:#565d66;--undo:#6a3fa0;--wait:#1f5f8f;--okbar:#3c8f65;--badbar:#cf4a43;--doubtbar:#d99a2b;--undobar:#8b67bd;--waitbar:#9dbfda;--stopbar:#9aa0a8;--hatch:#c9c8c0}
@media(prefers-color-scheme:dark){:root{--paper:#191b1e;--ground:#131517;--ink:#e6e7e9;--soft:#a5abb3;--rule:#34383d;--faint:#22252a;--link:#8fbcf3;
--ok:#7fcda2;--bad:#f59a94;--doubt:#e3b764;--stop:#a5abb3;--undo:#c4abef;--wait:#8cc4ee;--okbar:#4f9f78;--badbar:#d9605a;--doubtbar:#c98f2d;--undobar:#9575c4;--waitbar:#3f6482;--stopbar:#6d737b;--hatch:#42464c}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;overflow-wrap:break-word}
a{color:var(--link);text-underline-offset:.15em;text-decoration-thickness:.06em}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
dd,li,h1,h3,h4,summary,code,p{overflow-wrap:anywhere}
main a[href^="#s"],code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;font-size:.86em}
h1,h2,h3,h4,h5{line-height:1.25;font-weight:650;margin:0;text-wrap:balance}
p{margin:.5rem 0}
td,dd,pre,h4,code,.say,.why,.note{unicode-bidi:isolate}
.jump{position:absolute;left:1rem;top:-4rem;background:var(--ink);color:var(--paper);padding:.5rem 1rem;z-index:9}
.jump:focus{top:1rem}
.page{max-width:78rem;margin:0 auto;padding:0 1rem 3rem}
header{padding:2.2rem 0 1.4rem}
h1{font-size:clamp(1.5rem,1.1rem + 2vw,2.3rem);letter-spacing:-.015em;margin:.35rem 0 .5rem}
.kind{margin:0;color:var(--soft);font-size:.9em}
.lead{display:flex;flex-wrap:wrap;gap:.35rem 1.4rem;align-items:center;margin:.5rem 0 0}
.lead i{font-style:normal;color:var(--soft);font-size:.92em}
.lead .st{font-size:1rem;padding:.2rem .7rem .2rem .5rem}
nav{margin:0 0 1.5rem;padding:.7rem 0;border-block:1px solid var(--rule);font-size:.92rem}
nav ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem}
nav a{text-decoration:none;display:inline-block;padding:.15rem 0}
nav a:hover{text-decoration:underline}
nav i{font-style:normal;color:var(--soft);font-variant-numeric:tabular-nums}
main>section{background:var(--paper);border:1px solid var(--rule);border-radius:6px;padding:1.3rem 1.4rem 1.5rem;margin:0 0 1.2rem}
h2{font-size:1.25rem;margin:0 0 .8rem;letter-spacing:-.005em}
h3{font-size:1rem;margin:1.6rem 0 .5rem}
h4{font-size:1em;display:inline;font-weight:600}
h5{font-size:.94em;display:inline-block;margin:0 .5rem 0 0}
dl{display:grid;grid-template-columns:minmax(7.5rem,max-content) minmax(0,1fr);gap:.3rem 1.2rem;margin:.5rem 0}
dt{color:var(--soft);font-size:.94em}
dd{margin:0;min-width:0}
.facts{grid-template-columns:minmax(7.5rem,max-content) minmax(0,1fr) minmax(7.5rem,max-content) minmax(0,1fr)}
.facts .all{grid-column:2/-1}.facts .row{grid-column:1}
@media(max-width:62rem){.facts{grid-template-columns:minmax(7.5rem,max-content) minmax(0,1fr)}}
@media(max-width:30rem){.page{padding:0 .6rem 2rem}main>section{padding:1rem .8rem 1.1rem}dl,.facts{grid-template-columns:minmax(0,1fr);gap:0}dd{margin:0 0 .55rem}.facts .all{grid-column:auto}}
.sum{font-size:1.06em;max-width:46rem;margin:0;padding:0 0 0 1.1rem}
.sum li{margin:.25rem 0}
time+i{font-style:normal;color:var(--soft);white-space:nowrap;font-size:.92em}
time{font-variant-numeric:tabular-nums}
.soft,.rec,.t{color:var(--soft);font-size:.92em}
.rec{font-size:.84em;margin:.35rem 0}
.t{margin:.2rem 0}
.st{display:inline-flex;align-items:center;gap:.4em;font-weight:600;font-size:.88em;white-space:nowrap;color:var(--c,var(--soft));line-height:1.4;border:1px solid;border-radius:1em;padding:.05rem .6rem .05rem .4rem}
.st::before{content:var(--g,"○")/"";font-weight:700;min-width:1em;text-align:center}
.st.ok{--c:var(--ok);--g:"✓"}.st.held{--c:var(--ok);--g:"=";border-style:dashed}.st.skip{--c:var(--soft);--g:"»";border-radius:2px}
.st.bad{--c:var(--bad);--g:"×";border-radius:2px;border-width:2px}.st.doubt{--c:var(--doubt);--g:"?";border-radius:2px;border-style:dotted;border-width:2px}
.st.undone{--c:var(--undo);--g:"←";border-style:double;border-width:3px}.st.stop{--c:var(--stop);--g:"■";border-radius:2px}.st.wait{--c:var(--wait);--g:"…";border-style:dashed}.st.run{--c:var(--wait);--g:"►"}
.call{border-left:4px solid var(--doubt);background:var(--faint);padding:.7rem 1rem;margin:0 0 1rem;border-radius:0 4px 4px 0}
.first{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:1rem 2rem;margin:1.2rem 0 0;padding:1.1rem 0 0;border-top:1px solid var(--rule)}
.first h3{margin:0 0 .3rem}
.first ul,.plain{list-style:none;margin:0;padding:0}
.first li,.plain li{margin:.4rem 0}
table{border-collapse:collapse;table-layout:fixed;width:100%;font-size:.92em;margin:.4rem 0}
caption{text-align:left;color:var(--soft);font-size:.94em;padding:0 0 .4rem}
th{text-align:left;font-weight:600;color:var(--soft);font-size:.91em;border-bottom:1px solid var(--ink);padding:.3rem .9em .3rem 0;vertical-align:bottom}
.c1{width:5.8em}.c2{width:7em}.c3{width:9.6em}.c4{width:15.6em}
td{border-bottom:1px solid var(--rule);padding:.4rem .9em .4rem 0;vertical-align:top;overflow-wrap:anywhere}
td p{margin:.2rem 0}
td time+i{display:block}
td time,.when{white-space:nowrap}
.n{text-align:right;font-variant-numeric:tabular-nums}
td.n.z{color:var(--soft)}
.k,.es td:nth-child(3){color:var(--soft);font-size:.92em;white-space:nowrap}
tr.deviation td{background:var(--faint)}
.es .deviation td:nth-child(3),.es .pause td:nth-child(3){color:var(--ink);font-weight:600}
@media screen and (max-width:56rem){
table,tbody,tr,td,caption{display:block}thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr{border-bottom:1px solid var(--rule);padding:.55rem 0}td{display:inline-block;max-width:100%;border:0;padding:.08rem .9em .08rem 0}td:empty{display:none}td time+i,td p.k{display:inline}td p.k{margin-left:.7em}
td[data-h]::before{content:attr(data-h) ": ";color:var(--soft);font-size:.86em}.n{text-align:left}}
details>summary{cursor:pointer}
details.x{margin:.5rem 0}
details.x>summary{font-size:.94em;color:var(--link);padding:.15rem 0}
details.s{border-top:1px solid var(--rule)}
details.s>summary{display:grid;grid-template-columns:1rem 7.6rem minmax(0,1fr) auto;gap:.1rem .7rem;align-items:baseline;padding:.5rem .2rem;list-style:none}
details.s>summary::-webkit-details-marker{display:none}
details.s>summary::before{content:"▸"/"";color:var(--soft);grid-row:1/3}
details.s[open]>summary::before{content:"▾"/""}
details.s>summary:hover{background:var(--faint)}
details.s>summary .st{justify-self:start}
details.s>summary>code{grid-column:3;grid-row:2;color:var(--soft)}
.m{color:var(--soft);font-size:.88em;font-variant-numeric:tabular-nums;grid-column:4;grid-row:1;text-align:right}
.b{padding:.1rem 0 1.3rem 10.2rem;min-width:0}
@media(max-width:44rem){details.s>summary{grid-template-columns:1rem minmax(0,1fr) auto}details.s>summary .st{grid-column:2;grid-row:1}details.s>summary h4{grid-column:2/4;grid-row:2}details.s>summary>code{grid-column:2/4;grid-row:3}.m{grid-column:3}.b{padding-left:0}details.s>summary::before{grid-row:1}}
.v{content-visibility:auto;contain-intrinsic-size:auto 160rem}
.h{font-size:.86em;font-weight:600;color:var(--soft);margin:.9rem 0 .25rem}
pre{background:var(--faint);border:1px solid var(--rule);border-radius:4px;padding:.6rem .8rem;margin:.3rem 0;white-space:pre-wrap;overflow-wrap:anywhere;tab-size:4;line-height:1.5}
.cut{display:block;font:italic .92em system-ui,sans-serif;color:var(--doubt);border-block:1px dashed;margin:.4rem 0;padding:.15rem 0}
.pw,.say,.note,.why{white-space:pre-wrap}
.why{border-left:3px solid var(--rule);padding:0 0 0 .8rem;margin:.4rem 0}
.note{font-style:italic}
.say{border-left:3px solid var(--waitbar);padding:0 0 0 .8rem;margin:.5rem 0}
.ck{list-style:none;margin:.5rem 0;padding:0}
.ck li{padding:.1rem 0 .1rem 1.7rem;position:relative}
.ck li::before{content:""/"";position:absolute;left:.1rem;top:.34rem;width:1rem;height:1rem;border:1.5px solid var(--soft);border-radius:2px}
.ck .on::before{content:"✓"/"";border-color:var(--ok);color:var(--ok);font:700 .9rem/.9rem system-ui,sans-serif;text-align:center}
.ck span,.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.a,.q{border-top:1px dashed var(--rule);margin:.9rem 0 0;padding:.7rem 0 0}
.ev{margin:.4rem 0;padding-left:1.1rem}
.tools{display:flex;flex-wrap:wrap;gap:.6rem 1rem;align-items:end;margin:0 0 .8rem;padding:.8rem 0;border-block:1px solid var(--rule)}
.tools[hidden]{display:none}
.tools label{font-size:.86rem;color:var(--soft);display:block}
.tools input,.tools select,.tools button{font:inherit;font-size:.94rem;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:4px;padding:.35rem .6rem;min-height:2.2rem;max-width:100%}
.tools button{cursor:pointer}
.tools output{color:var(--soft);font-size:.9rem;padding-bottom:.4rem}
.tl{margin:0 0 .6rem}
.tl svg{display:block;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;overflow:visible}
.tl text{fill:var(--ink)}
.tn text{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
.tl .th{fill:var(--soft);font-weight:650;font-size:11.5px}
.tl .tt,.tl .tw{fill:var(--soft);font-size:11px}
.tl .tw{text-anchor:middle;paint-order:stroke;stroke:var(--paper);stroke-width:4px}
.ta{stroke:var(--rule)}.tm{opacity:.6}.tg{stroke:var(--rule);stroke-dasharray:1 3}
.tr{fill:url(#tl-pp)}.tc{fill:url(#tl-pp)}.pp{stroke:var(--hatch);stroke-width:2;fill:none}
.tz{fill:url(#tl-pz)}.pz{stroke:var(--bad);stroke-width:1.8;fill:none}
.tx{stroke:var(--ink);stroke-width:1.6;fill:none}
.tb{stroke-width:1.5;rx:1px}
.d{fill:var(--okbar);stroke:var(--okbar)}.f{fill:url(#tl-pf);stroke:var(--bad)}.q.tb{fill:url(#tl-pq);stroke:var(--doubt);stroke-dasharray:3 2}.c{fill:var(--paper);stroke:var(--stopbar)}
.r{fill:var(--paper);stroke:var(--wait)}.w{fill:var(--waitbar);stroke:var(--wait)}.u{fill:url(#tl-pu);stroke:var(--undo)}.k.tb{fill:none;stroke:var(--wait);stroke-dasharray:2 3}
.pf{fill:var(--badbar)}.pq{fill:var(--paper)}.po{fill:var(--doubt)}.pu{fill:var(--undobar)}.pl{stroke:var(--paper);stroke-width:1.5}
.ma,.mb,.md,.ms,.mf,.mq{stroke:var(--ink);stroke-width:1.5;fill:var(--paper)}.mb{fill:var(--ink)}.md{fill:var(--doubtbar)}.ms,.mf,.mq{fill:none}.mf{stroke:var(--bad);stroke-width:2.4}.mw{fill:var(--ink)}
.lg{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.6rem 0 0;padding:0;font-size:.88em;color:var(--soft)}
.lg li{display:flex;align-items:center;gap:.4rem}
@media(max-width:44rem){.to{display:none}.tw{display:none}}
@media(min-width:44.01rem){.tl>svg{padding:0 .6rem 0 17.5rem}.tn{transform:translate(-17.5rem,13px)}}
footer{color:var(--soft);font-size:.86rem;padding:.5rem 0}
@page{size:A4;margin:17mm 15mm 18mm;@bottom-left{content:"Audit report of a run";font:8pt system-ui,sans-serif;color:#565d66}@bottom-right{content:counter(page) " / " counter(pages);font:8pt system-ui,sans-serif;color:#565d66}}
@media print{
h1{font-size:19pt}h2{font-size:13pt}h3{font-size:10.5pt;margin:1rem 0 .3rem}
:root{color-scheme:light;--paper:#fff;--ground:#fff;--ink:#000;--soft:#474d55;--rule:#c9c9c4;--faint:#f5f5f2;--link:#000;--ok:#1d6a42;--bad:#a61f1b;--doubt:#855300;--undo:#6a3fa0;--wait:#1f5f8f;--stop:#474d55;--okbar:#3c8f65;--badbar:#cf4a43;--doubtbar:#d99a2b;--undobar:#8b67bd;--waitbar:#9dbfda;--stopbar:#9aa0a8;--hatch:#c9c8c0}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{font-size:9.5pt;line-height:1.42}
.page{max-width:none;padding:0}header{padding:0 0 .8rem}
nav,.tools,.jump{display:none}
main>section{border:0;border-radius:0;padding:0;margin:0 0 1.2rem}
h2{border-bottom:1px solid #000;padding-bottom:.2rem;break-after:avoid}
h3,h4,h5,.h,summary,caption{break-after:avoid;break-inside:avoid}
details.s>summary::before{content:none!important}
details.s>summary{grid-template-columns:7.2rem minmax(0,1fr) auto}details.s>summary .st{grid-column:1}details.s>summary>code{grid-column:2}details.s>summary h4{grid-column:2}.m{grid-column:3}
.b{padding-left:7.9rem;padding-bottom:.8rem}
.v{content-visibility:visible}
details::details-content{content-visibility:visible!important;display:block!important}
#deviations{break-before:page;break-after:page}
tr,li,dt,dd,figure{break-inside:avoid}
thead{display:table-header-group}
pre{border-color:#ccc;line-height:1.35;font-size:7.8pt}
a{text-decoration:none}
.tl svg{font-size:10px}.tl>svg{padding:0 .6rem 0 16rem}.tn{transform:translate(-16rem,13px)}.to,.tw{display:inline}
}
)css";
}

Markup page_script() {
  return R"js(
(()=>{
const all=(what,from=document)=>[...from.querySelectorAll(what)];
const steps=all("details.s"),tools=document.getElementById("tools");
const open=()=>{const it=document.getElementById(location.hash.slice(1));if(it&&it.matches("details")){it.open=true;it.scrollIntoView()}};
addEventListener("hashchange",open);open();
let folded=[];
addEventListener("beforeprint",()=>{folded=all("details:not([open])");for(const it of folded)it.open=true});
addEventListener("afterprint",()=>{for(const it of folded)it.open=false;folded=[]});
if(!tools)return;
tools.hidden=false;
const words=document.getElementById("words"),state=document.getElementById("state"),told=document.getElementById("told");
const lines=steps.map(it=>it.firstElementChild.textContent.toLowerCase()),states=steps.map(it=>it.querySelector(".st").textContent);
for(const each of [...new Set(states)].sort()){const it=document.createElement("option");it.textContent=each;state.append(it)}
const filter=()=>{
const wanted=words.value.toLowerCase().split(/\s+/).filter(Boolean);let shown=0;
steps.forEach((it,i)=>{it.hidden=(state.value!==""&&states[i]!==state.value)||!wanted.every(word=>lines[i].includes(word));if(!it.hidden)shown++});
for(const group of all(".g"))group.hidden=!all("details.s",group).some(it=>!it.hidden);
for(const part of all(".part"))part.hidden=!all(".g",part).some(it=>!it.hidden);
told.textContent=shown===steps.length?steps.length+" steps":shown+" of "+steps.length+" steps";
};
words.addEventListener("input",filter);state.addEventListener("change",filter);
const fold=now=>{for(const it of steps)if(!it.hidden){it.open=now;for(const x of all("details.x",it))x.open=now}};
document.getElementById("unfold").addEventListener("click",()=>fold(true));
document.getElementById("fold").addEventListener("click",()=>fold(false));
filter();
})();
)js";
}

std::string page_policy() {
  return fmt::format("default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
                     source_of(page_style()), source_of(page_script()));
}

}  // namespace runbook
