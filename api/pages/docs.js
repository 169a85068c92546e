// Draws /openapi.json as a page: contents, operations, their schemas and examples. No library, no
// other host; texts go in as texts, never as HTML.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEPTH_MOST = 4;
let api = null;

// Elements

function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// `code` between backticks, the rest as it is.
function inline(text) {
  return String(text).split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

function prose(text) {
  return String(text || "").trim().split(/\n\s*\n/).filter(Boolean).map((part) => el("p", {}, ...inline(part)));
}

function sample(text) {
  const copy = el("button", { class: "copy", type: "button" }, "Copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(copy.previousSibling);
      copy.textContent = "Selected";
    }
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  });
  return el("div", { class: "sample" }, el("pre", { tabindex: "0" }, text), copy);
}

// Schemas

function resolved(thing) {
  let found = thing || {};
  for (let hops = 0; found.$ref && hops < 20; hops++) {
    found = found.$ref.slice(2).split("/").reduce((at, key) => at?.[key.replace(/~1/g, "/").replace(/~0/g, "~")], api) || {};
  }
  return found;
}

// One schema of an allOf: properties, required names and the rest put together.
function whole(schema) {
  const one = resolved(schema);
  if (!one.allOf) return one;
  const { allOf, ...rest } = one;
  return [...allOf.map(whole), rest].reduce((sum, part) => ({
    ...sum, ...part,
    properties: { ...sum.properties, ...part.properties },
    required: [...(sum.required || []), ...(part.required || [])],
  }), {});
}

const choices = (schema) => schema.oneOf || schema.anyOf || null;
const shown = (value) => JSON.stringify(value);

function kindOf(schema) {
  const one = whole(schema);
  const options = choices(one);
  if (one.const !== undefined) return shown(one.const);
  if (one.enum) return one.enum.map(shown).join(" | ");
  if (one.type === "array" || one.items) return "array of " + (kindOf(one.items || {}) || "anything");
  if (one.type) return [one.type].flat().join(" or ") + (one.format ? ` (${one.format})` : "");
  if (one.properties && Object.keys(one.properties).length) return "object";
  if (options) return [...new Set(options.map(kindOf))].filter(Boolean).join(" or ");
  return "anything";
}

function limitsOf(schema) {
  const one = whole(schema);
  const told = [];
  const pair = (least, most, what) => {
    if (least !== undefined && most !== undefined) told.push(`${least} to ${most}${what}`);
    else if (least !== undefined) told.push(`at least ${least}${what}`);
    else if (most !== undefined) told.push(`at most ${most}${what}`);
  };
  pair(one.minimum, one.maximum, "");
  pair(one.minLength, one.maxLength, " characters");
  pair(one.minItems, one.maxItems, " items");
  if (one.pattern) told.push("pattern `" + one.pattern + "`");
  if (one.default !== undefined) told.push("default `" + shown(one.default) + "`");
  return told.join("; ");
}

function exampleIn(schema) {
  if (schema.example !== undefined) return schema.example;
  return schema.examples?.length ? schema.examples[0] : undefined;
}

function exampleOf(schema, depth = 0) {
  const one = whole(schema);
  const given = exampleIn(one) ?? one.const ?? one.default ?? one.enum?.[0];
  const options = choices(one);
  if (given !== undefined) return given;
  if (depth > DEPTH_MOST) return null;
  if (one.properties && Object.keys(one.properties).length) {
    return Object.fromEntries(Object.entries(one.properties).map(([name, part]) => [name, exampleOf(part, depth + 1)]));
  }
  if (one.items) return [exampleOf(one.items, depth + 1)];
  if (options) return exampleOf(options.find((option) => kindOf(option) !== "null") || {}, depth);
  const type = [one.type].flat().find((word) => word !== "null");
  if (type === "object") {
    return typeof one.additionalProperties === "object" ? { name: exampleOf(one.additionalProperties, depth + 1) } : {};
  }
  return { string: "string", integer: one.minimum ?? 1, number: 0.5, boolean: true, array: [] }[type] ?? null;
}

// What a schema's fields lie in: itself, the items of an array, or a choice.
function inner(schema) {
  const one = whole(schema);
  if (one.properties && Object.keys(one.properties).length) return one;
  if (one.items) return inner(one.items);
  for (const option of choices(one) || []) {
    const found = inner(option);
    if (found) return found;
  }
  return null;
}

function fieldRows(schema, depth = 0) {
  const holder = inner(schema);
  if (!holder || depth > DEPTH_MOST) return [];
  return Object.entries(holder.properties).flatMap(([name, part]) => {
    const one = whole(part);
    const limits = limitsOf(part);
    const must = (holder.required || []).includes(name);
    return [
      el("tr", {},
        el("td", { class: "deep" + depth }, el("span", { class: "name" }, name), must ? el("span", { class: "must" }, "required") : null),
        el("td", { class: "kind" }, kindOf(part)),
        el("td", {}, ...prose(one.description), limits ? el("p", { class: "quiet" }, ...inline(limits)) : null)),
      ...fieldRows(part, depth + 1),
    ];
  });
}

function table(heads, rows) {
  return el("div", { class: "scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, ...rows)));
}

function schemaPart(schema) {
  const rows = fieldRows(schema);
  const one = whole(schema);
  return [
    ...prose(one.description),
    rows.length ? table(["Field", "Type", "Meaning"], rows) : el("p", { class: "quiet" }, kindOf(schema)),
  ];
}

// Operations

function operations() {
  return Object.entries(api.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => ({
    path, method, ...item[method],
    parameters: [...(item.parameters || []), ...(item[method].parameters || [])].map(resolved),
  })));
}

function exampleBody(media) {
  const named = Object.values(media.examples || {})[0];
  return media.example ?? resolved(named).value ?? exampleOf(media.schema || {});
}

const quoted = (text) => "'" + text.replace(/'/g, "'\\''") + "'";

function filledPath(operation) {
  return operation.path.replace(/\{(\w+)\}/g, (_, name) => {
    const parameter = operation.parameters.find((one) => one.in === "path" && one.name === name) || {};
    return encodeURIComponent(String(exampleIn(parameter) ?? exampleIn(whole(parameter.schema)) ??
      { model_name: "customer-churn", model_version: "latest" }[name] ?? name.toUpperCase()));
  });
}

function curlOf(operation, base) {
  const content = resolved(operation.requestBody).content || {};
  const open = operation.security && operation.security.length === 0;
  const lines = [`curl ${operation.method === "get" ? "" : "-X " + operation.method.toUpperCase() + " "}${quoted(base + filledPath(operation))}`];
  if (!open) lines.push('-H "Authorization: Bearer $TRAINYARD_API_KEY"');
  if (content["multipart/form-data"]) {
    lines.push("-F 'files=@table.csv'");
  } else if (content["application/json"]) {
    lines.push("-H 'Content-Type: application/json'");
    lines.push("-d " + quoted(JSON.stringify(exampleBody(content["application/json"]))));
  }
  return lines.join(" \\\n  ");
}

function parameterRows(operation) {
  return operation.parameters.map((one) => el("tr", {},
    el("td", {}, el("span", { class: "name" }, one.name), one.required ? el("span", { class: "must" }, "required") : null),
    el("td", { class: "kind" }, `${kindOf(one.schema || {})}, in ${one.in}`),
    el("td", {}, ...prose(one.description), limitsOf(one.schema || {}) ? el("p", { class: "quiet" }, ...inline(limitsOf(one.schema))) : null)));
}

function mediaParts(content) {
  return Object.entries(content || {}).flatMap(([kind, media]) => {
    const example = /json/.test(kind) && media.schema ? exampleBody(media) : undefined;
    return [
      el("p", { class: "quiet" }, el("code", {}, kind)),
      ...(media.schema ? schemaPart(media.schema) : []),
      example === undefined ? null : sample(JSON.stringify(example, null, 2)),
    ];
  });
}

function responseParts(operation) {
  return Object.entries(operation.responses || {}).map(([status, response]) => {
    const told = resolved(response);
    const title = status === "default" ? "Errors" : status;
    const parts = mediaParts(told.content);
    return el("details", status === "200" ? { open: "" } : {}, el("summary", {}, el("strong", {}, title), " ", ...inline(told.description || "")), ...parts.filter(Boolean));
  });
}

function article(operation, base) {
  const body = resolved(operation.requestBody);
  const open = operation.security && operation.security.length === 0;
  return el("article", { id: operation.operationId },
    el("h3", {}, el("a", { href: "#" + operation.operationId }, operation.summary || operation.operationId)),
    el("div", { class: "line" },
      el("span", { class: "verb " + operation.method }, operation.method.toUpperCase()),
      el("span", { class: "path" }, operation.path),
      open ? el("span", { class: "tag" }, "no key") : null,
      operation.deprecated ? el("span", { class: "tag" }, "older spelling") : null),
    ...prose(operation.description),
    ...(operation.parameters.length ? [el("h4", {}, "Parameters"), table(["Name", "Type", "Meaning"], parameterRows(operation))] : []),
    ...(body.content ? [el("h4", {}, "Request body"), ...mediaParts(body.content).filter(Boolean)] : []),
    el("h4", {}, "Example"), sample(curlOf(operation, base)),
    el("h4", {}, "Answers"), ...responseParts(operation));
}

// The page

function groups(all) {
  const names = [...new Set([...(api.tags || []).map((tag) => tag.name), ...all.flatMap((one) => one.tags || ["other"])])];
  return names.map((name) => [name, all.filter((one) => (one.tags || ["other"])[0] === name)]).filter(([, some]) => some.length);
}

const titled = (word) => word[0].toUpperCase() + word.slice(1);

function introduction(base) {
  return [
    el("h1", {}, api.info.title + " API"),
    el("p", { class: "quiet" }, `${api.info.summary || ""} Version ${api.info.version}.`),
    ...prose(api.info.description),
    el("h4", {}, "Where, and with which key"),
    el("p", {}, "Send requests to ", el("code", {}, base), ", each with ", el("code", {}, "Authorization: Bearer KEY"), " or ",
      el("code", {}, "x-api-key: KEY"), ". This reference as OpenAPI: ", el("a", { href: "/openapi.json" }, "openapi.json"), "."),
  ];
}

function contents(grouped) {
  return grouped.flatMap(([name, some]) => [
    el("section", {}, el("h2", {}, titled(name)), el("ul", {}, ...some.map((one) => el("li",
      { "data-words": [one.path, one.method, one.summary, one.operationId, one.description].join(" ").toLowerCase() },
      el("a", { href: "#" + one.operationId, title: `${one.method.toUpperCase()} ${one.path}` },
        el("span", { class: "verb " + one.method }, one.method.toUpperCase()),
        el("span", { class: one.deprecated ? "old" : null }, one.summary || one.path)))))),
  ]);
}

function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const place = document.getElementById("contents");
  let count = 0;
  for (const section of place.querySelectorAll("section")) {
    let any = false;
    for (const item of section.querySelectorAll("li")) {
      const fits = words.every((word) => item.dataset.words.includes(word));
      item.hidden = !fits;
      any = any || fits;
      count += fits;
    }
    section.hidden = !any;
  }
  document.getElementById("nothing").hidden = count > 0;
}

function markCurrent() {
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === location.hash) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

function openMenu(open) {
  document.getElementById("side").classList.toggle("open", open);
  document.getElementById("menu").setAttribute("aria-expanded", String(open));
}

function listen() {
  const box = document.getElementById("search");
  const menu = document.getElementById("menu");
  box.addEventListener("input", () => search(box.value));
  menu.addEventListener("click", () => openMenu(menu.getAttribute("aria-expanded") !== "true"));
  document.getElementById("contents").addEventListener("click", (event) => { if (event.target.closest("a")) openMenu(false); });
  addEventListener("hashchange", markCurrent);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") openMenu(false);
    if (event.key !== "/" || event.target === box) return;
    event.preventDefault();
    openMenu(true);
    box.focus();
  });
}

async function draw() {
  const main = document.getElementById("top");
  try {
    const answer = await fetch("/openapi.json");
    if (!answer.ok) throw new Error("it was answered with " + answer.status);
    api = await answer.json();
  } catch (error) {
    main.replaceChildren(el("p", {}, `/openapi.json cannot be read: ${error.message}. Reload to try again.`));
    return;
  }
  const base = api.servers?.[0]?.url || location.origin;
  const grouped = groups(operations());
  main.replaceChildren(...introduction(base), ...grouped.flatMap(([name, some]) => [
    el("h2", { id: "group-" + name }, titled(name)), ...some.map((one) => article(one, base)),
  ]));
  document.getElementById("contents").replaceChildren(...contents(grouped),
    el("p", { class: "nothing", id: "nothing", hidden: "" }, "Nothing has all of these words."));
  listen();
  markCurrent();
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

draw();
