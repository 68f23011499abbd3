#!/usr/bin/env node
"use strict";

// The command of the package proxypatch. It runs the program of the package for this platform, which package managers
// install as an optional dependency, as if it were that program: with its arguments, its input and output, its signals
// and its exit code. docs/npm.md says how to do without it.

const { spawn } = require("child_process");
const { closeSync, existsSync, openSync } = require("fs");
const { constants } = require("os");
const { optionalDependencies } = require("../package.json");

const scope = "@proxypatch/";
const here = `${process.platform}-${process.arch}`;

/** The program for a platform, or undefined if its package is not installed. */
function programFor(platform) {
  const name = platform.startsWith("win32-") ? "proxypatch.exe" : "proxypatch";
  try {
    const path = require.resolve(`${scope}${platform}/bin/${name}`);
    return existsSync(path) ? path : undefined; // Plug'n'Play also knows paths of what was never fetched
  } catch {
    return undefined;
  }
}

/** Says what is wrong and what to type, in the program's words and with its exit code for such things. */
function fail(message, hint) {
  process.stderr.write(`proxypatch: ${message}\nhint: ${hint}\n`);
  process.exitCode = 1;
}

/** Says why there is no program. */
function failWithoutProgram() {
  const platforms = Object.keys(optionalDependencies).map(name => name.slice(scope.length));
  if (!platforms.includes(here)) {
    return fail(
      `there is no program for ${here}, only for ${platforms.join(", ")}`,
      "build it with Go: go install github.com/proxypatch/proxypatch/cmd/proxypatch@latest"
    );
  }
  const other = platforms.find(programFor);
  if (other) {
    return fail(
      `${scope}${other} is installed, but this is Node.js for ${here}: node_modules comes from another platform`,
      "delete node_modules and install again here; leave node_modules out of what is copied between machines and images"
    );
  }
  return fail(
    `${scope}${here} is not installed: optional dependencies were left out, or the lock file lacks it`,
    "install without --omit=optional, --no-optional and --ignore-optional; if that does not help, delete node_modules and the lock file first"
  );
}

/**
 * Whether there is a terminal whose keys reach this process. They reach the program too, which is in the same process
 * group, and passing them on would bring them there twice.
 */
function hasTerminal() {
  if (process.platform === "win32") {
    return true; // a console tells all its processes, and nothing else sends these signals
  }
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}

function run(program) {
  // These stand before the program starts: it must not be left alone.
  process.on("SIGTERM", signal => child.kill(signal));
  for (const key of ["SIGINT", "SIGQUIT", "SIGHUP", "SIGBREAK"]) {
    process.on(key, signal => hasTerminal() || child.kill(signal));
  }
  const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
  child.on("error", error => fail(`${program} can't be run: ${error.message}`, "install it again, where programs may be run"));
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exit(code);
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(128 + constants.signals[signal]), 100); // of SIGPIPE, for one, Node.js does not die
  });
}

const program = programFor(here);
if (program) {
  run(program);
} else {
  failWithoutProgram();
}
