// A wire from source (x = 0) to drain, 0 <= y <= width. Lengths in nm.
// gmsh -2 wire.geo writes wire.msh; -setnumber length 500 changes a number.
DefineConstant[ length = 300, width = 50, coarse = 6, fine = 0.5 ];

Point(1) = {0, 0, 0};
Point(2) = {length, 0, 0};
Point(3) = {length, width, 0};
Point(4) = {0, width, 0};
Line(1) = {1, 2};
Line(2) = {2, 3};
Line(3) = {3, 4};
Line(4) = {4, 1};
Curve Loop(1) = {1:4};
Plane Surface(1) = {1};

Physical Surface("film") = {1};
Physical Curve("source") = {4};
Physical Curve("drain") = {2};
Physical Curve("edge:lower") = {1};
Physical Curve("edge:upper") = {3};

// fine within a few nm of the boundary, where the spin density has its layers
Field[1] = Distance;
Field[1].CurvesList = {1:4};
Field[1].Sampling = 400;
Field[2] = Threshold;
Field[2].InField = 1;
Field[2].SizeMin = fine;
Field[2].SizeMax = coarse;
Field[2].DistMin = 1;
Field[2].DistMax = width / 2;
Background Field = 2;
Mesh.MeshSizeExtendFromBoundary = 0;
