// Looks at pages as a person's browser shows them: `node look.mjs MODULES CHROMIUM`, a list of tasks as JSON on standard input, a list of
// what was seen on standard output. MODULES is the folder of node_modules, which lies in build/.
//
// A task: {file, width, height, scheme: light|dark, script: whether the page's may run, media, axe, screenshot, pdf, steps: [...]}, where a
// step is {eval: an expression}, {until: an expression that becomes true}, {press: a key}, {type: [selector, text]} or {select: [selector,
// value]}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, program] = process.argv.slice(2);
const load = createRequire(join(modules, "here.js"));
const { chromium } = load("playwright-core");
const axe = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");

const patience = 240_000; // a cold browser on a machine that has much else to do

async function until(page, expression) {
  const deadline = Date.now() + patience;
  while (!(await page.evaluate(expression))) {
    if (Date.now() > deadline) throw new Error(`waited for: ${expression}`);
    await page.waitForTimeout(20);
  }
  return true;
}

async function take(page, step) {
  if (step.until) return until(page, step.until);
  if (step.press) return page.keyboard.press(step.press);
  if (step.type) return page.fill(...step.type);
  if (step.select) return page.selectOption(...step.select);
  return page.evaluate(step.eval);
}

// The page's own policy lets no script in, so axe comes by the debugger, in a world of its own.
async function problems(page) {
  await page.evaluate(axe);
  const found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})");
  return found.violations.map(({ id, help, nodes }) => ({ id, help, count: nodes.length, first: nodes[0].html.slice(0, 300), why: nodes[0].failureSummary }));
}

async function look(browser, task) {
  const context = await browser.newContext({
    viewport: { width: task.width ?? 1280, height: task.height ?? 900 },
    colorScheme: task.scheme ?? "light",
    javaScriptEnabled: task.script ?? true,
  });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const seen = { requests: [], messages: [], dialogs: 0, results: [] };
  page.on("request", (request) => seen.requests.push(request.url().slice(0, 200)));
  page.on("console", (message) => seen.messages.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => seen.messages.push(`error: ${error}`));
  page.on("dialog", (dialog) => {
    seen.dialogs += 1;
    dialog.dismiss();
  });
  await page.goto(pathToFileURL(task.file).href, { waitUntil: "load" });
  if (task.media) await page.emulateMedia({ media: task.media, colorScheme: task.scheme ?? "light" });
  for (const step of task.steps ?? []) seen.results.push((await take(page, step)) ?? null);
  if (task.screenshot) await page.screenshot({ path: task.screenshot, fullPage: task.whole ?? true });
  if (task.pdf) await page.pdf({ path: task.pdf, preferCSSPageSize: true });
  if (task.axe) seen.axe = await problems(page);
  await context.close();
  return seen;
}

const tasks = JSON.parse(readFileSync(0, "utf8"));
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"], timeout: patience });
const seen = [];
for (const task of tasks) seen.push(await look(browser, task));
await browser.close();
process.stdout.write(JSON.stringify(seen));
