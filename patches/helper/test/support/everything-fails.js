// Every kind of call, with every kind of bad proxy. Node ends the process at the first error that nobody handles.
"use strict";

const { calls, failure, hurry, login, setProxy } = require(".");
const { refuse, reply, reset, silent, startProxy } = require("./servers");

const passwords = ["hunter%2", "hunter#2", "hunter/2", "hunter@2", "hunter 2", "2#hunter", "2/hunter", "%zzhunter"];

async function main() {
  let failures = 0;
  hurry({ after() {} }, 50);
  const proxy = await startProxy();
  const gone = await startProxy();
  await gone.close();
  const everyCall = async () => {
    for (const call of Object.values(calls)) {
      for (const url of ["https://api.corp.test/", "http://api.corp.test/"]) {
        if (call === calls["https.get"] && url.startsWith("http:")) continue;
        await failure(call(url), ["hunter"]);
        failures++;
      }
    }
  };
  const use = value => setProxy({ HTTPS_PROXY: value, HTTP_PROXY: value });

  for (const port of [proxy.port, gone.port]) {
    for (const password of passwords) {
      use(`http://jane:${password}@127.0.0.1:${port}`);
      await everyCall();
    }
  }
  for (const value of ["socks5://jane:hunter@127.0.0.1:1", "http://[", "https://jane:hunter@127.0.0.1:" + proxy.port]) {
    use(value);
    await everyCall();
  }
  use(`http://${login}@127.0.0.1:${proxy.port}`);
  proxy.forward = (request, response) => response.destroy();
  await everyCall();
  proxy.forward = (request, response) => response.writeHead(407).end("denied");
  const resetLater = socket => setTimeout(reset, 100, socket);
  for (const behave of [silent, reset, resetLater, reply(""), reply("nonsense\r\n\r\n"), refuse(407), refuse(502, { body: "[]" })]) {
    proxy.behave = behave;
    await everyCall();
  }
  await new Promise(resolve => setTimeout(resolve, 200)); // what comes late must find the process alive
  await proxy.close();
  console.log(`lived through ${failures} failures`);
}

main();
