/** Loaded before a gateway or a daemon: on a signal it makes a mistake that no code of theirs catches. */
import process from "node:process";

process.on("SIGUSR2", () => void Promise.reject(new Error("nobody hears this")));
process.on("SIGHUP", () => {
  setTimeout(() => {
    throw new Error("nobody catches this");
  });
});
