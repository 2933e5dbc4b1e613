// Each behaviour stands by itself; a page works without any of them.
import { startLive } from "./live.js";
import { startForms } from "./forms.js";
import { startTimes } from "./times.js";
import { startMenus } from "./menus.js";
import { startFolds } from "./folds.js";
import { startKeys } from "./keys.js";
import { startTails } from "./tails.js";
import { startGraphs } from "./graph.js";
import { startChat } from "./chat.js";
import { startPalette } from "./palette.js";

startForms();
startMenus();
startFolds();
startTimes();
startKeys();
startTails();
startGraphs();
startChat();
startPalette();
startLive();
