"""Where the equations are solved: meshes with named regions, terminals and edges."""
