// Each behaviour stands by itself; a page works without any of them.
import { startLive } from "./live.js";
import { startForms } from "./forms.js";
import { startTimes } from "./times.js";
import { startMenus } from "./menus.js";
import { startFolds } from "./folds.js";
import { startKeys } from "./keys.js";
import { startTails } from "./tails.js";
import { startGraphs } from "./graph.js";
import { startLines } from "./lines.js";
import { startBoard } from "./board.js";
import { startChat } from "./chat.js";
import { startPalette } from "./palette.js";
import { startNeeds } from "./needs.js";
import { startDrop } from "./drop.js";

startForms();
startMenus();
startFolds();
startTimes();
startKeys();
startTails();
startGraphs();
startLines();
startBoard();
startChat();
startPalette();
startNeeds();
startDrop();
// What is on its way is painted first; a page nobody sees is never painted.
if (document.hidden) startLive();
else requestAnimationFrame(() => setTimeout(startLive));
