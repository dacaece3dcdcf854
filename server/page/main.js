// Starts the three parts of the page.

import { start as startFinder } from "./finder.js";
import { start as startLive } from "./live.js";
import { start as startShape } from "./shape.js";

startFinder();
startShape();
startLive();
