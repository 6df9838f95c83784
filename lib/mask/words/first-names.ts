/** First names of many languages, in ASCII so that they fit every character set. The order is part of every pseudonym: never change it. */
export const FIRST_NAMES = `
  Aaron Abel Abigail Ada Adam Adela Adele Adnan Adrian Agata Agnes Ahmed Aiko Aileen Aisha Akira Alan Alba Albert
  Alberto Aldo Alejandra Aleksander Alena Alessia Alex Alexander Alfonso Alfred Ali Alice Alicia Alina Alison Alma
  Almut Alois Alonso Amadou Amal Amalia Amanda Amber Amelia Amina Amir Amit Amy Ana Anders Andre Andrea Andreas
  Andrew Andrzej Anette Angela Angus Anika Anita Anja Anke Anna Annika Anouk Anselm Anton Antonia Antonio April
  Ariane Arjun Armando Arne Arnold Artur Arvid Asha Astrid Aurora Axel Aylin Ayse Barbara Bart Beata Beatrice Bela
  Belinda Benedikt Benito Benjamin Bernard Bertil Beth Bettina Bianca Birgit Bjarne Blanca Bodil Bogdan Boris
  Brenda Brian Bridget Britta Bruce Bruno Camila Camille Carina Carl Carla Carlos Carmen Carol Caroline Casper
  Cecilia Celia Cesar Charles Charlotte Chiara Chloe Christa Christian Christine Claire Clara Clarissa Claude
  Claudia Clemens Colette Colin Conrad Cora Cornelia Cristina Curt Cyril Dagmar Daisy Damian Dana Daniel Daniela
  Daria David Dawn Deborah Delia Denis Derek Diana Diego Dieter Dilan Dina Dirk Dmitri Dolores Dominik Donald
  Donna Dora Doris Dorota Dorothy Duncan Dylan Edda Edgar Edith Edmund Eduardo Edward Edwin Eileen Elaine Elena
  Eleonora Elias Elif Eliot Elisa Elke Ella Ellen Elmar Elodie Elsa Elvira Emil Emilia Emily Emine Emma Enrico
  Enzo Eric Erika Erna Ernest Erwin Esra Esteban Estelle Esther Ethan Eugen Eva Evan Evelyn Fabian Fabio Faisal
  Farah Fatima Federico Felicia Felipe Felix Ferdinand Fernanda Fernando Filip Fiona Flavia Flora Florian Frances
  Francis Frank Franz Frederik Frida Fritz Fumiko Gabriel Gabriela Gareth Gary Gavin Gemma Geoffrey George Gerald
  Gerda Gerhard Gianni Gilbert Gina Giorgio Giulia Gloria Gordon Grace Graham Greta Guido Guillermo Gunnar Gustav
  Hakan Hanna Hannes Hans Harald Harriet Harry Hasan Hassan Hazel Heather Hector Heidi Heinrich Helen Helga Helmut
  Henrik Henry Herbert Hilda Hiroshi Holger Holly Horst Hugo Ian Ibrahim Ida Ignacio Igor Ilona Ilse Imke Imran
  Ines Inga Ingrid Irena Iris Irma Isaac Isabel Ismail Ivan Ivana Ivo Jacek Jack Jacob Jaime Jakub James Jan Jana
  Jane Janet Janina Jason Javier Jean Jennifer Jens Jeremy Jesper Jessica Jill Joan Joanna Joel Johan Johanna John
  Jonas Jonathan Jorge Josef Josephine Joyce Juan Judith Julia Julian Julie Julius Jutta Kai Kaja Karen Karim
  Karin Karl Karolina Kaspar Katarina Kate Kazuo Keith Kenji Kenneth Kerstin Kevin Khalid Kim Kirsten Klara Klaus
  Knut Konrad Krystyna Kurt Lara Lars Laura Laurent Lea Leah Leila Lena Lennart Leo Leon Leonard Leonie Leopold
  Leticia Lewis Liam Lidia Lilian Lina Linda Lionel Lisa Livia Lore Lorenzo Louis Louise Luca Lucas Lucia Lucy
  Ludwig Luis Luisa Lukas Luna Lydia Mabel Madeleine Magda Magnus Maja Malcolm Malik Manfred Manuel Marc Marcel
  Marco Marcus Margaret Margit Maria Marian Marie Marina Mario Marion Marius Mark Marlene Marta Martha Martin
  Martina Mary Mateo Mathilde Matteo Matthew Maud Maurice Max Maya Megan Mehmet Melanie Melissa Mia Michael
  Michaela Michel Miguel Mikael Milan Milena Mina Mira Miriam Miroslav Mohamed Moira Mona Monica Morten Moses
  Murat Mustafa Nadia Nadine Naomi Natalia Natasha Nathan Neil Nelly Nicholas Nicola Nicole Niels Nikolai Nils
  Nina Noah Noel Nora Norbert Norman Nuria Olaf Oleg Olga Oliver Olivia Omar Orla Oscar Oswald Otto Pablo Pamela
  Paola Patricia Patrick Paul Paula Pauline Pedro Penelope Per Peter Petra Philip Philippa Pia Pierre Piotr Priya
  Rachel Rafael Rainer Ralf Ramon Rana Raphael Raquel Rasmus Raul Raymond Rebecca Regina Reinhard Renata Rene
  Ricardo Richard Rita Robert Roberta Roberto Robin Rodrigo Roger Roland Rolf Roman Rosa Rosalind Rosemary Ross
  Rowan Roy Ruben Rudolf Rufus Rupert Ruth Ryan Sabine Sadie Said Sally Salma Salvador Samir Samuel Sandra Sanjay
  Sara Sasha Saskia Scott Sebastian Selim Selma Sergio Sheila Shirin Sibylle Sigrid Silke Silvia Simon Simone
  Sofia Solveig Sonja Soren Stanislav Stefan Stella Stephen Sunil Susan Suzanne Sven Svetlana Sylvie Tamara Tanja
  Tariq Tatiana Teresa Thea Theo Theresa Thomas Thora Tilda Till Tim Timo Tina Tobias Tomas Tove Tracy Trevor
  Tristan Troels Ulf Ulla Ulrich Ursula Uwe Valentin Valerie Vanessa Vera Verena Veronika Victor Victoria Vikram
  Viktor Vincent Viola Violet Virginia Vivian Vladimir Volker Walter Wanda Wendy Werner Wilhelm Willem William
  Winfried Wolfgang Xavier Yannick Yara Yasmin Yuki Yusuf Yves Yvonne Zara Zdenek Zeynep Zoe Zofia
`
  .trim()
  .split(/\s+/);
