// Bring your own: a bent wire with a round hole and a probe, drawn by hand. Lengths in nm.
//
//   Physical Surface  regions: any [film] key may differ in [regions.NAME]
//   Physical Curve    terminals, but for names that start with "edge": "edge", or "edge:NAME" for an edge called NAME
//
// Sides in no group become the edge called "edge". gmsh -2 bent_wire.geo writes bent_wire.msh.
DefineConstant[ width = 20, arm = 30, bend = 15, radius = 4, size = 2.5 ];
inner = bend;
outer = bend + width;

// the bend turns about the origin, from an arm along -y (in the fourth quadrant) to one along -x
Point(1) = {0, 0, 0};
Point(2) = {inner, 0, 0, size};
Point(3) = {outer, 0, 0, size};
Point(4) = {0, outer, 0, size};
Point(5) = {0, inner, 0, size / 2};
Point(6) = {inner, -arm, 0, size};
Point(7) = {outer, -arm, 0, size};
Point(8) = {-arm, outer, 0, size};
Point(9) = {-arm, inner, 0, size};
Circle(1) = {3, 1, 4};
Circle(2) = {5, 1, 2};
Line(3) = {2, 3};
Line(4) = {4, 5};

// the lower arm, with a probe along a part of its outer side
Point(10) = {outer, -arm + 8, 0, size / 2};
Point(11) = {outer, -8, 0, size / 2};
Line(5) = {2, 6};
Line(6) = {6, 7};
Line(7) = {7, 10};
Line(8) = {10, 11};
Line(9) = {11, 3};

// the other arm, with the hole
Line(10) = {4, 8};
Line(11) = {8, 9};
Line(12) = {9, 5};
x = -arm / 2;
y = (inner + outer) / 2;
Point(20) = {x, y, 0};
Point(21) = {x + radius, y, 0, size / 2};
Point(22) = {x, y + radius, 0, size / 2};
Point(23) = {x - radius, y, 0, size / 2};
Point(24) = {x, y - radius, 0, size / 2};
Circle(21) = {21, 20, 22};
Circle(22) = {22, 20, 23};
Circle(23) = {23, 20, 24};
Circle(24) = {24, 20, 21};

Curve Loop(1) = {1, 4, 2, 3};
Curve Loop(2) = {5, 6, 7, 8, 9, -3};
Curve Loop(3) = {10, 11, 12, -4};
Curve Loop(4) = {21:24};
Plane Surface(1) = {1};
Plane Surface(2) = {2};
Plane Surface(3) = {3, 4};

Physical Surface("film") = {1, 3};
Physical Surface("lead") = {2};
Physical Curve("source") = {11};
Physical Curve("drain") = {6};
Physical Curve("probe") = {8};
Physical Curve("edge:hole") = {21:24};

Mesh.ElementOrder = 2;
Mesh.MshFileVersion = 4.1;
