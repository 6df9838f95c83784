/** ASCII, and never to be changed: the order is part of every pseudonym. */
const list = (text: string) => text.trim().split(/\s+/);

export const STREETS = list(`
  Acacia Alder Amber Apple Ash Aspen Bank Barley Bay Beech Birch Bishop Bridge Brook Canal Castle Cedar Chapel Cherry
  Chestnut Church Clover College Copper Coral Cotton Court Crescent Cypress Dale Dock Dove Eagle Elder Elm Fern Field
  Forge Fountain Fox Garden Gate Glen Grange Granite Grove Hamlet Harbour Hawthorn Hazel Heath Heron High Hill Holly
  Iris Ivy Jasmine Juniper King Lake Larch Laurel Lavender Lime Linden Magnolia Maple Market Meadow Mill Mint Moss Mulberry
  Oak Olive Orchard Park Pearl Pine Plum Pond Poplar Prince Quarry Queen Raven Ridge River Rose Rowan Saffron School
  Silver Spring Spruce Station Stone Sycamore Temple Thistle Tower Tulip Union Valley Victory Village Walnut Water
  Willow Windmill Wren Yew
`);

export const STREET_KINDS = list("Street Road Avenue Lane Way Place Drive Close Square Walk");

export const CITIES = list(`
  Ashford Bayview Beckham Belmont Birchwood Blackwater Bluffton Bramley Briarwood Bridgeton Brookfield Burnham Calder
  Camden Carlton Cedarville Charlbury Clifton Clinton Coldwater Crestwood Dalton Deerfield Denham Dunmore Eastbrook
  Edgewater Elmhurst Fairview Falconbridge Farnham Foxton Franklin Glenwood Granville Greenfield Hadley Harborough
  Hartwell Haverhill Hawthorne Hillsboro Holbrook Ironbridge Kingsford Kirkwood Lakeside Langley Larkhill Lindenau
  Lockwood Longmeadow Maplewood Marlow Meadowbrook Melrose Midland Millbrook Milton Newbury Northfield Oakdale Orchard
  Overton Pembroke Pinehurst Quarryville Ravenna Redwood Ridgeway Riverton Rockford Rosedale Salem Sandford Shelby
  Silverton Somerset Springfield Stanton Stonebridge Sunbury Thornton Valmont Wakefield Waterford Waverley Westbrook
  Whitby Willowdale Winfield Woodstock Wyndham
`);

export const COMPANY_WORDS = list(`
  Acorn Alpine Amber Anchor Apex Arbor Arrow Aspen Atlas Aurora Beacon Birch Bolt Bramble Bridge Bright Cascade Cedar
  Cinder Citadel Clover Cobalt Comet Compass Copper Coral Crest Crystal Delta Dynamo Eagle Echo Ember Evergreen Falcon Fern
  Fjord Flint Forge Garnet Glacier Granite Harbor Hazel Heron Horizon Indigo Iron Ivory Jasper Juniper Keystone Lantern
  Larch Lattice Laurel Linden Lumen Lynx Magnet Maple Marble Meadow Meridian Mint Mistral Nimbus North Nova Oak Onyx
  Orbit Orchard Osprey Pebble Phoenix Pioneer Polar Prairie Prism Quarry Quartz Rapid Raven Ridge River Saffron Sage
  Sierra Silver Solar Spruce Sterling Stone Summit Swift Tandem Terra Thistle Timber Topaz Trident Tundra Umber Vector
  Velvet Vertex Violet Willow Zenith Zephyr
`);

export const COMPANY_FORMS = list("Ltd Inc GmbH AG Group Partners Works Labs Trading Systems SA BV");
