/** Where the page begins: tokens, then the application into the one element of index.html. */
import { mount } from "svelte";
import App from "./App.svelte";
import "./tokens.css";
import "./page.css";

const target = document.getElementById("page");
if (target === null) throw new Error("index.html has no element with the id page");
mount(App, { target });
