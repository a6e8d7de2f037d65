// The worker of the programs. The page loads this script before the editor, so that Python starts meanwhile.
import { Engine } from "./engine.js";

export const engine = new Engine("autograd.playground.session");
