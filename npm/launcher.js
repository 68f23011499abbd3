#!/usr/bin/env node
"use strict";

// The command of the package proxypatch. It runs the program in the package for this platform, which package managers
// install as an optional dependency. It passes on arguments, input, output, signals and the exit code. It starts only the
// program that was packed, because sh also runs an empty file, successfully. docs/install.md explains how to run the program
// without it.

const { spawn } = require("child_process");
const { closeSync, existsSync, openSync, readSync, statSync } = require("fs");
const { constants } = require("os");
const { dirname, join } = require("path");
const { optionalDependencies } = require("../package.json");

const scope = "@proxypatch/";
const here = `${process.platform}-${process.arch}`;

/** Returns the path of package.json in the package for a platform, or undefined if it is not installed. */
function manifestFor(platform) {
  try {
    const path = require.resolve(`${scope}${platform}/package.json`);
    return existsSync(path) ? path : undefined; // Plug'n'Play resolves packages that were never fetched, too
  } catch {
    return undefined;
  }
}

/** Returns why a program is not the one that its package.json describes, or undefined if it is. */
function damage(program, manifest) {
  const { name, program: packed } = require(manifest);
  if (name !== scope + here || packed === undefined) {
    return "does not match its package.json";
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
  return readHead(program, packed.head.length / 2) === packed.head ? undefined : "has the wrong first bytes";
}

/** Returns the first bytes of a file, in hexadecimal digits. */
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
  fail(`${program} ${reason}`, `delete node_modules and install again${manager ? `: ${manager} install` : ""}`);
}

/** Prints an error and its hints as the program does, and exits with its code for other errors. */
function fail(message, ...hints) {
  process.stderr.write([`proxypatch: ${message}`, ...hints.map(hint => `hint: ${hint}`), ""].join("\n"));
  process.exitCode = 1;
}

/** Prints why there is no program. */
function failWithoutProgram() {
  const platforms = Object.keys(optionalDependencies).map(name => name.slice(scope.length));
  if (!platforms.includes(here)) {
    return fail(
      `there is no proxypatch for ${here}, only for ${platforms.join(", ")}`,
      "build it from a checkout, as docs/install.md describes"
    );
  }
  const other = platforms.find(manifestFor);
  if (other) {
    return fail(
      `${scope}${other} is installed, but this is Node.js for ${here}: node_modules was installed on another platform`,
      "delete node_modules and install again on this machine",
      "do not copy node_modules between machines, or into images: add it to .dockerignore"
    );
  }
  return fail(
    `${scope}${here} is not installed: the install skipped optional dependencies, or the lock file lacks it`,
    "install without --omit=optional, --no-optional and --ignore-optional",
    "if the lock file lacks it: delete node_modules and the lock file, then install again"
  );
}

/**
 * Reports whether a terminal sends signals to this process. The program is in the same process group and gets them too,
 * so passing them on would deliver them twice.
 */
function hasTerminal() {
  if (process.platform === "win32") {
    return true; // a console signals all its processes, and nothing else sends these signals
  }
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}

function run(program) {
  // Handle signals before the program starts, so that it never outlives this process.
  process.on("SIGTERM", signal => child.kill(signal));
  for (const key of ["SIGINT", "SIGQUIT", "SIGHUP", "SIGBREAK"]) {
    process.on(key, signal => hasTerminal() || child.kill(signal));
  }
  const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
  child.on("error", error => fail(`${program} can't be run: ${error.message}`, "install the project on a file system that allows programs to run, without noexec"));
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exit(code);
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(128 + constants.signals[signal]), 100); // SIGPIPE, for example, does not end Node.js
  });
}

const manifest = manifestFor(here);
if (manifest) {
  runFrom(manifest);
} else {
  failWithoutProgram();
}
