"""Where the equations are solved: shapes and mesh files, meshed into devices with named terminals and edges."""
