#!/usr/bin/env node
"use strict";

// The command of the package proxypatch. It runs the program of the package for this platform, which package managers
// install as an optional dependency, as if it were that program: with its arguments, its input and output, its signals
// and its exit code. It starts only the program that was packed: sh runs an empty file too, and that succeeds.
// docs/npm.md says how to do without it.

const { spawn } = require("child_process");
const { closeSync, existsSync, openSync, readSync, statSync } = require("fs");
const { constants } = require("os");
const { dirname, join } = require("path");
const { optionalDependencies } = require("../package.json");

const scope = "@proxypatch/";
const here = `${process.platform}-${process.arch}`;

/** The package.json of the package for a platform, or undefined if that is not installed. */
function manifestFor(platform) {
  try {
    const path = require.resolve(`${scope}${platform}/package.json`);
    return existsSync(path) ? path : undefined; // Plug'n'Play also knows paths of what was never fetched
  } catch {
    return undefined;
  }
}

/** Says why a program is not the one that its package.json describes, or nothing if it is. */
function damage(program, manifest) {
  const { name, program: packed } = require(manifest);
  if (name !== scope + here || packed === undefined) {
    return "is not described by its package";
  }
  const found = statSync(program, { throwIfNoEntry: false });
  if (found === undefined) {
    return "is missing";
  }
  if (!found.isFile()) {
    return "is not a file";
  }
  if (found.size !== packed.size) {
    return `has ${found.size} bytes, not ${packed.size}`;
  }
  return readHead(program, packed.head.length / 2) === packed.head ? undefined : "does not begin as it should";
}

/** The first bytes of a file, in hexadecimal digits. */
function readHead(path, size) {
  const head = Buffer.alloc(size);
  const file = openSync(path, "r");
  readSync(file, head, 0, size, 0);
  closeSync(file);
  return head.toString("hex");
}

/** Runs the program of a package, if it is the one that was packed. */
function runFrom(manifest) {
  const program = join(dirname(manifest), "bin", process.platform === "win32" ? "proxypatch.exe" : "proxypatch");
  let reason;
  try {
    reason = damage(program, manifest);
  } catch (error) {
    reason = `can't be checked: ${error.message}`;
  }
  if (reason === undefined) {
    return run(program);
  }
  const [, manager] = /^(npm|pnpm|yarn|bun)\//.exec(process.env.npm_config_user_agent) || [];
  const how = manager ? `: ${manager} install` : ", with npm or what you use in its place";
  fail(`${program} ${reason}`, `delete node_modules and install again${how}`);
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
  const other = platforms.find(manifestFor);
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

const manifest = manifestFor(here);
if (manifest) {
  runFrom(manifest);
} else {
  failWithoutProgram();
}
