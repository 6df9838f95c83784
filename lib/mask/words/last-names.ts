/** Last names of many languages, in ASCII so that they fit every character set. The order is part of every pseudonym: never change it. */
export const LAST_NAMES = `
  Abbott Abel Abraham Acosta Adams Adler Aguilar Ahlgren Ahmad Ahrens Akhtar Albers Albrecht Alcott Aldridge
  Alexandrov Allard Allen Almeida Alonso Alvarez Amato Ambrose Amsel Andersen Anderson Andrade Andrews Angelov
  Antonov Appel Aragon Arcuri Arend Arias Armstrong Arnaud Arnold Arslan Ashby Ashton Atkins Aubert Auer Austin
  Avila Aydin Ayers Babic Bach Bachmann Backman Bader Bailey Baker Bakker Balazs Baldwin Ballard Banerjee Banks
  Barbieri Barclay Barker Barlow Barnes Barone Barrett Barros Barry Bartel Barth Barton Basile Bastos Bates Bauer
  Baum Baumann Baxter Beck Becker Beckett Bell Bellini Benedetti Bennett Benson Berg Berger Berglund Bergmann
  Bernardi Berry Bertrand Beyer Bianchi Bielski Binder Bird Bishop Black Blake Blanchard Blanco Blank Blum Boehm
  Bogdanov Bohm Bolton Bond Bonnet Booth Borg Borges Born Bosch Boucher Bourne Bowen Bowman Boyd Brady Brand
  Brandt Braun Breitner Brennan Breuer Brewer Briggs Brink Brock Brooks Brown Bruckner Bruno Bryant Buchanan
  Buchholz Buck Budde Burgess Burke Burns Burton Busch Butler Byrne Cabrera Cahill Calder Caldwell Calvo Cameron
  Campbell Campos Cantor Cardoso Carey Carlson Carlsson Caron Carpenter Carr Carson Carter Caruso Carvalho Casey
  Castillo Castro Cattaneo Cerny Chambers Chan Chandler Chang Chapman Charles Chavez Chen Cheng Chevalier Choi
  Christensen Church Clark Clarke Clausen Clayton Clement Coelho Cohen Cole Coleman Collins Colombo Conner Conrad
  Conte Conti Cook Cooper Correia Cortes Costa Coster Cowan Cox Craig Crane Crawford Cross Cruz Cunningham Curtis
  Czerny Dahl Dahlberg Dalton Daly Damm Daniels Danner Darby Das David Davies Davis Dawson Day Dean Deluca Demir
  Denis Dennis Denton Desai Deutsch Devine Diaz Dickson Diehl Dietrich Dillon Dimitrov Dixon Dobrev Dodd Dogan
  Dolan Domingo Donato Donnelly Donovan Dorn Dougherty Douglas Doyle Drake Drescher Dreyer Duarte Dubois Duffy
  Duncan Dunn Dupont Durand Duval Dvorak Dwyer Eaton Ebert Eckert Eder Edwards Egger Ehlers Eklund Elliott Ellis
  Elmore Emerson Engel Engstrom Erdem Eriksen Eriksson Ernst Escobar Esposito Estrada Evans Everett Faber Fabre
  Falk Farkas Farrell Faulkner Favre Fedorov Feldman Ferguson Fernandes Ferrara Ferrari Ferreira Fiala Fiedler
  Figueroa Fink Fischer Fisher Fitzgerald Fleming Fletcher Flores Flynn Foley Fonseca Fontaine Forbes Ford Forster
  Foster Fournier Fowler Fox Franco Frank Franke Franklin Fraser Frei Freitas French Freund Frey Friedrich Fritsch
  Fuchs Fuentes Fujita Fuller Funk Gabor Gallagher Gallo Garcia Gardner Garrett Garrison Gauthier Geiger Geisler
  Genova George Gerber Gerlach German Giles Gill Gilmore Giordano Girard Glaser Gleason Glover Goldberg Gomes
  Gomez Goncalves Gonzalez Goodwin Gordon Gottlieb Graf Graham Granger Grant Graves Gray Greco Green Greenberg
  Greer Gregory Griffin Grimm Grossman Gruber Guerra Guidi Gunther Gupta Gustafsson Gutierrez Haas Haber Hagen
  Hahn Haines Hale Hall Haller Hamilton Hammond Han Hansen Hansson Harding Hardy Harper Harris Harrison Hart
  Hartley Hartmann Harvey Hassan Haug Hauser Hawkins Hayashi Hayes Healy Heath Hecht Hedberg Heil Heinz Held
  Heller Henderson Hendricks Henning Henry Henschel Herbst Hermann Hernandez Herrera Herzog Hess Heyer Hicks
  Higgins Hill Hinrichs Hirsch Hobbs Hodge Hofer Hoffman Hogan Holm Holmberg Holmes Holst Holt Hood Hooper Hopkins
  Horak Horn Horvat Houston Howard Howell Huang Huber Hudson Huff Hughes Hummel Hunt Hunter Hurley Hussain
  Hutchins Ibanez Ibsen Iglesias Ingram Ionescu Ishikawa Ito Ivanov Iversen Jackson Jacobs Jacobsen Jager Jahn
  James Janda Jankowski Jansen Jansson Jarvis Jenkins Jennings Jensen Jimenez Johansen Johnson Johnston Jones
  Jordan Jorgensen Joseph Joshi Juarez Jung Kahn Kaiser Kaminski Kane Kang Kaplan Kapoor Karlsson Karsten Kato
  Kaufmann Kaya Keane Keller Kelley Kelly Kemp Kendall Kennedy Kent Kern Kerr Kessler Khalil Khan Kimura King
  Kirby Kirchner Kirk Klein Klemm Klose Knapp Knight Knoll Kobayashi Koch Koenig Kohl Kohler Kolar Kone Konig Kopp
  Korhonen Kovac Kowalski Kraft Kramer Krause Krieger Kristensen Kroll Kruger Kruse Kuhn Kumar Kunz Kurz Kuznetsov
  Lacroix Lambert Lane Lang Langer Larkin Larsen Larson Lassen Laurent Law Lawrence Lawson Lebedev Leclerc Lee
  Lefebvre Legrand Lehmann Lehner Leitner Lemaire Leonard Leone Leroy Lester Levin Lewis Li Lima Lind Lindberg
  Lindgren Lindner Lindqvist Link Little Liu Lloyd Lombardi Long Lopes Lopez Lorenz Lowe Lucas Ludwig Lund
  Lundberg Luther Lutz Lynch Lyons Macdonald Machado Mack Madsen Maier Malone Mancini Mann Manning Marchand Marin
  Marino Marks Marquez Marsh Marshall Martens Martin Martinez Martini Mason Mathis Matos Matsuda Matthews Maurer
  Maxwell May Mayer Mccarthy Mccoy Mckenna Mclean Mead Medina Meier Meister Melnik Mendes Mendoza Menon Mercer
  Mercier Merkel Merz Messina Metz Meyer Michel Middleton Mikkelsen Milani Miles Miller Mills Miranda Mitchell
  Mohr Molina Moller Monroe Montana Monti Moody Moore Morales Moran Moreau Morel Moreno Moretti Morgan Mori Morris
  Morrison Morse Moser Moss Mueller Mulder Murphy Murray Musil Myers Naber Nagel Nagy Nair Nakamura Nash Navarro
  Neal Nelson Neri Neumann Newman Newton Nguyen Nicolas Nielsen Nikolov Nilsson Nolan Noll Nordin Norris North
  Novak Nowak Nowicki Nunes Nyberg Obrien Ochoa Oconnor Odonnell Ohara Okada Okafor Oliveira Oliver Olsen Olson
  Opitz Orlando Orlov Ortega Ortiz Osborne Osman Ostrowski Otto Owens Pace Pacheco Padilla Page Palmer Papp Park
  Parker Parsons Patel Patterson Paulsen Pavlov Payne Pearce Pearson Pedersen Pelletier Pereira Perez Perkins
  Perrin Perry Peters Petersen Peterson Petit Petrov Pfeiffer Philips Picard Pichler Pierce Pinto Piras Plank Pohl
  Pokorny Pollard Popescu Popov Porter Potter Powell Power Preston Price Prince Prochazka Pruitt Quinn Raab Radic
  Rahman Ramirez Ramos Randall Rankin Rao Rasmussen Rau Ray Reed Rees Reeves Reid Reilly Reimann Reinhardt Reis
  Renard Renner Rey Reyes Reynolds Ribeiro Ricci Richards Richter Riedel Rieger Riley Rinaldi Rios Ritter Rivera
  Rizzo Robbins Roberts Robinson Rocha Rogers Rohde Rojas Roman Romano Romero Rose Rosen Rosenberg Rossi Roth
  Rousseau Roux Rowe Ruiz Russell Russo Ryan Ryder Saari Sahin Saito Salazar Salinas Salvi Samuels Sanchez Sander
  Sanders Santoro Santos Sasaki Sato Sauer Saunders Savage Sawyer Schaefer Schiller Schlegel Schmid Schmidt
  Schmitt Schneider Schober Scholz Schreiber Schroeder Schubert Schulte Schultz Schumann Schuster Schwarz Scott
  Seidel Seidl Serra Shah Sharma Sharp Shaw Shelton Shepherd Sheridan Silva Simmons Simon Simpson Singer Singh
  Skinner Slater Sloan Smirnov Smith Snyder Soares Sokolov Solberg Sommer Sorensen Soto Sousa Spencer Stahl
  Stanley Stark Steele Stein Steiner Stephens Stern Stevens Stewart Stokes Stoll Stone Strand Strauss Strom Stuart
  Suarez Sullivan Summers Sutton Suzuki Svensson Swanson Sykes Szabo Takahashi Tanaka Tanner Tavares Taylor
  Teixeira Thiel Thompson Thomsen Thorne Tiller Tobin Todd Tomasi Torres Toth Townsend Tran Trevino Tucker Turner
  Tyler Udovic Ullmann Urban Valdez Valenta Varga Vargas Vasquez Vaughn Vega Vera Vidal Vieira Villa Vinter Visser
  Vogel Vogt Volkov Voss Wagner Walker Wallace Waller Walsh Walter Walton Wang Ward Warner Warren Watkins Watson
  Watts Weaver Webb Weber Webster Wegner Weiss Welch Wells Wendt Werner West Weston Wheeler White Whitney Wiese
  Wilcox Wilkins Williams Willis Wilson Winkler Winter Winters Witt Wolf Wolff Wong Wood Woods Wright Wu Yamada
  Yang Yates Yilmaz Yoder York Young Zamora Zapata Zeller Ziegler Zimmer Zimmermann Zuniga
`
  .trim()
  .split(/\s+/);
