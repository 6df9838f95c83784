/** Words for prose that says nothing, in ASCII. The order is part of every pseudonym: never change it. */
export const WORDS = `
  a ab ac ad adipiscing aliqua aliquam aliquet amet ante arcu at auctor augue bibendum blandit commodo condimentum
  congue consectetur consequat convallis cras cum curabitur cursus dapibus diam dictum dignissim do dolor dolore donec
  dui duis ea efficitur egestas eget eiusmod eleifend elementum elit enim erat eros est et eu euismod ex exercitation
  facilisis fames faucibus felis fermentum feugiat finibus fringilla fusce gravida habitant hendrerit iaculis id imperdiet
  in integer interdum ipsum justo labore lacinia lacus laoreet lectus leo libero ligula lobortis lorem luctus maecenas
  magna malesuada massa mattis mauris maximus metus mi minim molestie mollis morbi nam nec neque nibh nisi nisl non
  nostrud nulla nullam nunc odio orci ornare pellentesque pharetra placerat porta porttitor posuere praesent pretium
  primis proin pulvinar purus quam quis risus rutrum sagittis sapien scelerisque sed sem semper senectus sit sodales
  sollicitudin suscipit suspendisse tellus tempor tempus tincidunt tortor tristique turpis ullamcorper ultrices urna ut
  varius vehicula vel velit venenatis veniam vestibulum vitae vivamus viverra volutpat vulputate
`
  .trim()
  .split(/\s+/);
