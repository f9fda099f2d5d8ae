/** Where the page begins: tokens, then the application into the one element of index.html. */
import { mount } from "svelte";
import App from "./App.svelte";
import { refresh } from "./frame/refresh.svelte";
import { watch } from "./frame/watch.svelte";
import "./tokens.css";
import "./page.css";

const target = document.getElementById("page");
if (target === null) throw new Error("index.html has no element with the id page");
// The first questions are under way while the page is being built.
watch.start();
refresh.start();
mount(App, { target });
