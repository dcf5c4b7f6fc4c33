// A Hall cross centred on the origin: source -x, drain +x, left +y, right -y. Lengths in nm.
// arm_length runs from the edge of the central square to the terminal.
DefineConstant[ arm_width = 50, arm_length = 75, coarse = 6, fine = 0.5 ];
a = arm_width / 2;
b = a + arm_length;

Point(1) = {a, a, 0};
Point(2) = {a, b, 0};
Point(3) = {-a, b, 0};
Point(4) = {-a, a, 0};
Point(5) = {-b, a, 0};
Point(6) = {-b, -a, 0};
Point(7) = {-a, -a, 0};
Point(8) = {-a, -b, 0};
Point(9) = {a, -b, 0};
Point(10) = {a, -a, 0};
Point(11) = {b, -a, 0};
Point(12) = {b, a, 0};
For i In {1:12}
  Line(i) = {i, i % 12 + 1};
EndFor
Curve Loop(1) = {1:12};
Plane Surface(1) = {1};

Physical Surface("film") = {1};
Physical Curve("source") = {5};
Physical Curve("drain") = {11};
Physical Curve("left") = {2};
Physical Curve("right") = {8};
Physical Curve("edge") = {1, 3, 4, 6, 7, 9, 10, 12};

// fine within a few nm of the boundary, finer still at the four re-entrant corners
Field[1] = Distance;
Field[1].CurvesList = {1:12};
Field[1].Sampling = 200;
Field[2] = Threshold;
Field[2].InField = 1;
Field[2].SizeMin = fine;
Field[2].SizeMax = coarse;
Field[2].DistMin = 1;
Field[2].DistMax = arm_width / 2;
Field[3] = Distance;
Field[3].PointsList = {1, 4, 7, 10};
Field[4] = Threshold;
Field[4].InField = 3;
Field[4].SizeMin = fine / 50;
Field[4].SizeMax = coarse;
Field[4].DistMin = 0;
Field[4].DistMax = arm_width / 2;
Field[5] = Min;
Field[5].FieldsList = {2, 4};
Background Field = 5;
Mesh.MeshSizeExtendFromBoundary = 0;
