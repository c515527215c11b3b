// Reads /openapi.json, shows it, and sends requests from this page's own origin.
// Everything from the document or an answer is shown as text, never as markup. The token stays in this page's memory.
"use strict";

const WORDS = {
  fr: {
    skip: "Aller aux opérations", token: "Jeton d’accès", language: "Langue", search: "Chercher", contents: "Sommaire",
    loading: "Chargement…", failed: "Le document n’a pas pu être chargé.", parameters: "Paramètres", body: "Corps",
    answers: "Réponses", send: "Envoyer", answer: "Réponse", needed: "nécessaire", secured: "jeton nécessaire",
    name: "Nom", where: "Où", meaning: "Sens", status: "Statut", type: "Type", tryIt: "Essayer", unreachable: "Pas de réponse",
  },
  en: {
    skip: "Go to the operations", token: "Access token", language: "Language", search: "Search", contents: "Contents",
    loading: "Loading…", failed: "The document could not be loaded.", parameters: "Parameters", body: "Body",
    answers: "Answers", send: "Send", answer: "Answer", needed: "needed", secured: "token needed",
    name: "Name", where: "Where", meaning: "Meaning", status: "Status", type: "Type", tryIt: "Try it", unreachable: "No answer",
  },
};
let language = (navigator.language || "en").toLowerCase().startsWith("fr") ? "fr" : "en";
let contract = null;
const word = (key) => WORDS[language][key];
const at = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

// Follows a reference; a schema that refers to itself is cut off by the depth of whoever follows.
function resolve(schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? contract.components.schemas[name] ?? {} : schema ?? {};
}

// One variant of a choice, null left aside.
function variant(schema) {
  const one = resolve(schema);
  const choices = one.oneOf ?? one.anyOf;
  return choices ? resolve(choices.find((choice) => choice.type !== "null") ?? choices[0]) : one;
}

function kind(schema) {
  if (schema?.$ref) return schema.$ref.split("/").pop();
  const choices = schema?.oneOf ?? schema?.anyOf;
  if (choices) return choices.map(kind).join(" | ");
  if (schema?.type === "array") return `${kind(schema.items)}[]`;
  const type = Array.isArray(schema?.type) ? schema.type.join(" | ") : schema?.type ?? "";
  return schema?.format ? `${type} (${schema.format})` : schema?.enum ? schema.enum.join(" | ") : type;
}

function example(schema, depth = 0) {
  const one = variant(schema);
  if (schema?.example !== undefined) return schema.example;
  if (one.example !== undefined) return one.example;
  if (one.enum) return one.enum[0];
  const type = [].concat(one.type ?? "object").find((name) => name !== "null");
  if (depth > 6) return null;
  if (type === "array") return [example(one.items, depth + 1)];
  if (type === "object") {
    const needed = new Set(one.required ?? []);
    const fields = Object.entries(one.properties ?? {}).filter(([name, field]) => needed.has(name) || field.example !== undefined);
    return Object.fromEntries(fields.map(([name, field]) => [name, example(field, depth + 1)]));
  }
  if (one.format === "date-time") return new Date().toISOString();
  return { string: "", integer: 0, number: 0, boolean: false }[type] ?? null;
}

function table(headings, rows) {
  const head = element("tr", {}, ...headings.map((heading) => element("th", { scope: "col" }, word(heading))));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell ?? ""))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function fields(schema, prefix = "", depth = 0) {
  const one = variant(schema);
  const needed = new Set(one.required ?? []);
  return Object.entries(one.properties ?? {}).flatMap(([name, field]) => {
    const label = `${prefix}${name}${needed.has(name) ? "" : "?"}`;
    const row = [element("code", {}, label), kind(field), field.description ?? variant(field).description];
    const inner = field.type === "array" ? field.items : field;
    return [row, ...(depth < 3 ? fields(inner, `${prefix}${name}.`, depth + 1) : [])];
  });
}

function section(title, ...content) {
  return element("section", {}, element("h4", {}, word(title)), ...content);
}

function described(operation) {
  const parts = [];
  if (operation.description) parts.push(element("p", {}, operation.description));
  const parameters = operation.parameters ?? [];
  if (parameters.length) {
    const row = (parameter) => [element("code", {}, parameter.name), `${parameter.in}${parameter.required ? `, ${word("needed")}` : ""}`, parameter.description];
    parts.push(section("parameters", table(["name", "where", "meaning"], parameters.map(row))));
  }
  const body = operation.requestBody?.content?.["application/json"]?.schema;
  if (body) parts.push(section("body", table(["name", "type", "meaning"], fields(body))));
  const answers = Object.entries(operation.responses ?? {}).map(([status, answer]) => {
    const schema = answer.content?.["application/json"]?.schema;
    const problems = Object.keys(answer.content?.["application/problem+json"]?.examples ?? {});
    const said = problems.length ? problems.map((name) => element("div", {}, element("code", {}, name))) : [answer.description];
    return [status, element("div", {}, ...said, schema ? table(["name", "type", "meaning"], fields(schema)) : "")];
  });
  parts.push(section("answers", table(["status", "meaning"], answers)));
  return parts;
}

async function send(form, method, path, operation, shown) {
  const values = new FormData(form);
  const headers = { "Accept-Language": language };
  const query = new URLSearchParams();
  let address = path;
  for (const parameter of operation.parameters ?? []) {
    const value = values.get(`${parameter.in}:${parameter.name}`);
    if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value && parameter.in === "query") query.set(parameter.name, value);
    else if (value && parameter.in === "header") headers[parameter.name] = value;
  }
  const token = at("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  const body = values.get("body");
  if (body) headers["Content-Type"] = "application/json";
  const search = query.toString();
  shown.replaceChildren(element("p", {}, word("loading")));
  try {
    const answer = await fetch(search ? `${address}?${search}` : address, { method, headers, body: body || undefined });
    const text = await answer.text();
    let pretty = text;
    try { pretty = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
    const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    shown.replaceChildren(
      element("p", { class: answer.ok ? "ok" : "refused" }, `${answer.status} ${answer.statusText}`),
      element("pre", {}, lines), element("pre", {}, pretty),
    );
  } catch (error) {
    shown.replaceChildren(element("p", { class: "refused" }, `${word("unreachable")}: ${error.message}`));
  }
}

function tryForm(method, path, operation) {
  const shown = element("div", { role: "status", "aria-live": "polite" });
  const form = element("form", { onsubmit: (event) => { event.preventDefault(); send(form, method, path, operation, shown); } });
  for (const parameter of operation.parameters ?? []) {
    const fresh = parameter.name === "Idempotency-Key" ? crypto.randomUUID?.() : parameter.in === "path" ? parameter.example : "";
    const input = element("input", { name: `${parameter.in}:${parameter.name}`, value: fresh ?? "" });
    if (parameter.in === "path") input.required = true;
    form.append(element("label", {}, `${parameter.name} (${parameter.in})`, input));
  }
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  if (schema) {
    const text = element("textarea", { name: "body", spellcheck: "false" });
    text.value = JSON.stringify(example(schema), null, 2);
    form.append(element("label", {}, word("body"), text));
  }
  form.append(element("div", {}, element("button", { type: "submit" }, word("send"))), shown);
  return section("tryIt", form);
}

function card(method, path, operation) {
  const secured = operation.security?.length ? element("small", {}, word("secured")) : undefined;
  const title = element("summary", {}, element("span", { class: "method" }, method.toUpperCase()),
    element("span", { class: "path" }, path), element("span", {}, operation.summary ?? ""), secured);
  const inside = element("div");
  const open = () => { if (!inside.childNodes.length) inside.append(...described(operation), tryForm(method.toUpperCase(), path, operation)); };
  return element("details", { class: "operation", ontoggle: open, "data-find": `${method} ${path} ${operation.summary}`.toLowerCase() }, title, inside);
}

function show() {
  document.documentElement.lang = language;
  at("language").value = language;
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = word(place.dataset.text);
  at("contents").setAttribute("aria-label", word("contents"));
  if (!contract) return;
  at("about").textContent = contract.info.description ?? "";
  const groups = new Map((contract.tags ?? []).map((tag) => [tag.name, { about: tag.description, cards: [] }]));
  for (const [path, item] of Object.entries(contract.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const tag = operation.tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, { about: "", cards: [] });
      groups.get(tag).cards.push(card(method, path, operation));
    }
  }
  const shown = [...groups].filter(([, group]) => group.cards.length);
  at("contents").replaceChildren(element("ul", {}, ...shown.map(([tag]) => element("li", {}, element("a", { href: `#${tag}` }, tag)))));
  at("operations").replaceChildren(...shown.map(([tag, group]) =>
    element("section", { id: tag, "aria-label": tag }, element("h2", {}, tag), element("p", {}, group.about ?? ""), ...group.cards)));
  at("operations").setAttribute("aria-busy", "false");
  find();
}

function find() {
  const asked = at("search").value.trim().toLowerCase();
  for (const one of document.querySelectorAll("details.operation")) one.hidden = !one.dataset.find.includes(asked);
}

at("language").addEventListener("change", (event) => { language = event.target.value; show(); });
at("search").addEventListener("input", find);
show();
fetch("/openapi.json").then((answer) => answer.json()).then((document) => { contract = document; show(); })
  .catch(() => at("operations").replaceChildren(element("p", { class: "refused" }, word("failed"))));
