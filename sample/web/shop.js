// Shows which instance answers, a counter all instances share, and a note kept as a file.

const LAST_ANSWERS = 12;
const PAUSE_MS = 2000;
const NOTE = "/api/files/note.txt";

const at = (id) => document.getElementById(id);

function say(text) {
  if (at("status").textContent !== text) at("status").textContent = text;
}

async function ask(path, options) {
  const answer = await fetch(path, { cache: "no-store", ...options });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer;
}

async function tell(what, work) {
  try {
    await work();
    say("");
  } catch {
    say(`${what} does not work at the moment. It is tried again by itself or by you.`);
  }
}

async function showInstance() {
  const instance = await (await ask("/api/instance")).json();
  at("version").textContent = instance.version;
  at("index").textContent = instance.index;
  at("instance").textContent = instance.instance_id;
  const item = document.createElement("li");
  item.style.setProperty("--index", instance.index);
  item.textContent = instance.index;
  at("tally").prepend(item);
  while (at("tally").children.length > LAST_ANSWERS) at("tally").lastElementChild.remove();
}

async function showCounter(method) {
  const counter = await (await ask("/api/counter", { method })).json();
  at("counter").textContent = counter.value.toLocaleString("en");
}

async function showNote() {
  const answer = await fetch(NOTE, { cache: "no-store" });
  if (answer.ok && document.activeElement !== at("note")) at("note").value = await answer.text();
}

async function watch() {
  if (!document.hidden) {
    await tell("This page", async () => {
      await showInstance();
      await showCounter("GET");
    });
  }
  setTimeout(watch, PAUSE_MS);
}

at("add").addEventListener("click", () => tell("The counter", () => showCounter("POST")));

at("note-form").addEventListener("submit", (event) => {
  event.preventDefault();
  tell("The note", () => ask(NOTE, { method: "PUT", body: at("note").value })).then(() => {
    if (!at("status").textContent) say("The note is kept.");
  });
});

tell("The number of visits", async () => {
  const { visits } = await (await ask("/api/visits", { method: "POST" })).json();
  at("visits").textContent = visits.toLocaleString("en");
});
watch();
tell("The note", async () => {
  const { files } = await (await ask("/api/files")).json();
  if (files.some((file) => file.name === "note.txt")) await showNote();
});
