/* page.cjs: what a browser shows of the daemon at API_SOCKET. Started by tests/web/run. */
"use strict";
const assert = require("assert"), fs = require("fs"), http = require("http");
const { chromium } = require("playwright-core");

const HOSTILE = "<img src=x onerror=\"document.title='owned'\">";
let wantsToken = false, isHostile = false;

/* From 127.0.0.1 to the socket. With wantsToken it refuses as a listener with tokens does; with isHostile
 * it puts markup where names of initiators stand. */
function relay() {
  return http.createServer((request, reply) => {
    const isFile = request.method === "GET";
    if (wantsToken && !isFile && request.headers.authorization !== "Bearer sesame") {
      reply.writeHead(401).end();
      return;
    }
    const { authorization, ...headers } = request.headers;
    const onward = http.request({ socketPath: process.env.API_SOCKET, path: request.url, method: request.method, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        let body = Buffer.concat(parts);
        if (isHostile && !isFile) body = Buffer.from(body.toString().replace(/"initiator":"[^"]*"/g, `"initiator":${JSON.stringify(HOSTILE)}`));
        const head = { ...answer.headers };
        delete head["content-length"];
        reply.writeHead(answer.statusCode, head).end(body);
      });
    });
    onward.on("error", () => reply.destroy());
    request.pipe(onward);
  });
}

async function main() {
  const server = relay();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
  const complaints = [];
  let failed = 0;

  async function open(how) {
    const context = await browser.newContext(how);
    const page = await context.newPage();
    page.setDefaultTimeout(20000);
    page.on("console", (m) => { if (m.type() === "error" && !/401/.test(m.text())) complaints.push(m.text()); });
    page.on("pageerror", (e) => complaints.push(String(e)));
    await page.goto(url);
    return page;
  }
  async function test(name, run) {
    try {
      await run();
      console.log(`PASS web: ${name}`);
    } catch (e) {
      failed++;
      console.log(`    ${String(e.stack || e).replace(/\n/g, "\n    ")}\nFAIL web: ${name}`);
    }
  }
  const text = (page, id) => page.locator(`#${id}`).innerText();

  await test("a login and its I/O appear", async () => {
    const page = await open({ viewport: { width: 1180, height: 1000 } });
    await page.waitForFunction(() => document.querySelector("#health").className.includes("ok"));
    await page.waitForFunction((t) => document.querySelector("#sessions").innerText.includes(t), process.env.TARGET);
    assert.match(await text(page, "targets"), /disk0\s+ram\s+64\.0 MiB\s+online/);
    assert.match(await text(page, "targets"), /archive\s+null\s+1\.0 TiB\s+online/);
    assert.match(await text(page, "sessions"), /127\.0\.0\.1:\d+/);
    await page.waitForFunction(() => /[1-9][\d.]* [KM]iB\/s read, [1-9]/.test(document.querySelector("#now-bytes").innerText));
    await page.waitForFunction(() => /[1-9]/.test(document.querySelector("#now-commands").innerText));
    await page.waitForFunction(() => document.querySelector("#events").innerText.includes("log.warning"));
    assert.equal(await page.locator("canvas").count(), 2);
    await page.selectOption("#which", `${process.env.TARGET}/0`);
    assert.match(await text(page, "now-bytes"), /read/);
    if (process.env.SCREENSHOT) {
      await page.selectOption("#which", "");
      await page.waitForTimeout(20000);
      await page.screenshot({ path: process.env.SCREENSHOT });
    }
  });
  await test("a hostile name stays text", async () => {
    isHostile = true;
    const page = await open();
    await page.waitForFunction((name) => document.querySelector("#sessions").innerText.includes(name), HOSTILE);
    assert.equal(await page.locator("#sessions img, #events img").count(), 0);
    assert.equal(await page.title(), "blockgate");
    isHostile = false;
  });
  await test("it fits on a phone, in the dark, too", async () => {
    const page = await open({ viewport: { width: 360, height: 740 }, colorScheme: "dark" });
    await page.waitForFunction(() => document.querySelector("#health").className.includes("ok"));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 360, `${wide} pixels wide`);
    const back = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(back, "rgb(18, 24, 31)");
  });
  await test("without a token it asks for one, by keyboard alone", async () => {
    wantsToken = true;
    const page = await open();
    await page.waitForSelector("#ask:not([hidden])");
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#refused").innerText !== "");
    await page.keyboard.type("sesame");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#health").className.includes("ok"));
    assert.equal(await page.evaluate(() => sessionStorage.getItem("token")), "sesame");
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    await page.click("#leave");
    await page.waitForSelector("#ask:not([hidden])");
    wantsToken = false;
  });
  await test("the browser has nothing to complain of", async () => assert.deepEqual(complaints, []));
  await browser.close();
  server.closeAllConnections();
  server.close();
  return failed;
}

main().then((failed) => process.exit(failed ? 1 : 0), (e) => { console.log(`${e.stack}\nFAIL web: the test runs`); process.exit(1); });
