/** Common first names of the languages that detection knows, lower case without accents. Names that are also common words, months or places are left out. */
const FIRST_NAMES = new Set(
  `aaron abigail adam adrian agnes ahmed aidan albert alberto alejandro alessandro alessia alexander alexandra alexandre alfred alfredo alice alicia
  alison allison amanda amelia amy ana andre andrea andreas andres andrew angela angelika anita anke anna anne annette annika anthony antoine
  antonio arthur ashley astrid audrey barbara beatrice beatriz benjamin bernard bernd bettina bianca birgit bjorn brandon brenda brian britta
  bruno bryan camille carl carla carlos carmen carol carole caroline catarina catherine cathy cecilia cecile celine charles charlotte chiara
  christian christiane christina christine christoph christophe christopher cindy clara claudia claudio claudine clemens colette corinne cristina
  cynthia daniel daniela daniele danielle david debbie deborah debra denise dennis diana diane dieter dietmar dirk dominik dominique donald donna
  doris dorothy eduardo edward edwin eileen elena elisa elisabeth elise elizabeth elke ellen emilia emilie emily emma enrico eric erik erika ernst
  erwin esther eugene eva evelyn fabian fabio fabrice fatima federica federico felix ferdinand fernando filipe florian francesca francesco
  francisco francois francoise frank franz fred frederic friedrich gabriel gabriela gabriele gabrielle georg george gerald gerard gerhard
  gertrud gianni giorgio giovanni gisela giulia giuseppe gloria gonzalo gregory guenter guido guillaume gunter gustav guy hannah hans harald
  harold heather hector heidi heike heinrich heinz helen helena helene helga helmut henri henrik henry herbert hermann holger horst howard
  hubert hugo ignacio ingrid irene iris irma isabel isabelle ivan jack jacob jacqueline jacques james jamie jan jana jane janet janice jasmin
  jason javier jean jeanne jeff jeffrey jennifer jeremy jerome jerry jessica jesus jim joachim joan joana joanna joao joel johan johanna johannes
  john johnny jonas jonathan jorge jose josef joseph joshua joyce juan juana judith judy julia julian juliane julie julien juliette jurgen
  justin karen karin karl katharina katherine kathleen kathrin kathryn kathy katja katrin keith kelly kenneth kerstin kevin kim kimberly klaus
  konrad kristen kristin kurt kyle lara larry lars laura laurence laurent laurie lea leah lena leon leonardo leonie leslie liam lila lina linda
  lisa logan lorenzo louis louise luca lucas lucia luciano ludwig luis luisa lukas luke lydia madeleine magdalena maike manfred manuel manuela
  marc marcel marcela marco marcos marcus margaret margarita margit margot maria mariana marianne marie marina mario marion markus marlene
  marta martha martin martina martine mary mateo mathieu matilda matthew matthias matthieu maurice maurizio max maximilian megan melanie melissa
  michael michaela michel michele michelle miguel mike mohamed mohammed monica monika monique morgan nadia nadine nancy natalie nathalie nathan
  nicholas nicola nicolas nicole niels nils nina noah nora norbert norma oliver olivia olivier oscar oskar otto pablo pamela paola paolo
  pascal patrice patricia patrick patrizia paul paula pauline pedro peggy peter petra philip philipp philippe phillip phyllis pierre pieter rachel
  rafael rainer ralf ralph ramon raul raymond rebecca regina reinhard renate rene ricardo richard rita robert roberta roberto robin rodrigo
  roger roland rolf roman ronald rosa rosemarie rosemary rudolf russell ruth ryan sabine sabrina samantha samuel sandra sandrine sara sarah
  sebastian sebastien serge sergio sharon sheila shirley silke silvia simon simone sofia sonia sonja sophia sophie stefan stefania stefanie
  stefano stephan stephane stephanie stephen steven stuart susan susana susanne suzanne sven svenja sylvia sylvie tamara tanja tatiana teresa
  theodor theresa therese thierry thomas thorsten tiago tim timothy tina tobias todd torsten tracy udo ulrich ulrike ursula ute uwe valentina
  valerie vanessa vera veronica veronique victor victoria viktor vincent vincenzo virginia walter waltraud wendy werner wilhelm willem william
  wolfgang xavier yann yolanda yves yvonne zoe`.split(/\s+/),
);

/** True for a common first name, whatever its case and accents. */
export function isFirstName(word: string): boolean {
  if (word.length < 3 || word.length > 14) return false;
  const plain = word.toLowerCase();
  if (FIRST_NAMES.has(plain)) return true;
  return /[^a-z]/.test(plain) && FIRST_NAMES.has(plain.normalize("NFD").replace(/\p{M}/gu, ""));
}
