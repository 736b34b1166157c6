import { order } from './order';

order().then((answers) => console.log(answers));
