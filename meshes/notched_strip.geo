// A strip with a v-notch in its upper edge at x = length/2. Lengths in nm.
DefineConstant[ length = 200, width = 50, notch_width = 20, notch_depth = 20, coarse = 6, fine = 0.5 ];

Point(1) = {0, 0, 0};
Point(2) = {length, 0, 0};
Point(3) = {length, width, 0};
Point(4) = {(length + notch_width) / 2, width, 0};
Point(5) = {length / 2, width - notch_depth, 0};
Point(6) = {(length - notch_width) / 2, width, 0};
Point(7) = {0, width, 0};
For i In {1:7}
  Line(i) = {i, i % 7 + 1};
EndFor
Curve Loop(1) = {1:7};
Plane Surface(1) = {1};

Physical Surface("film") = {1};
Physical Curve("source") = {7};
Physical Curve("drain") = {2};
Physical Curve("edge:lower") = {1};
Physical Curve("edge:upper") = {3, 6};
Physical Curve("edge:notch") = {4, 5};

// fine within a few nm of the boundary, finer still at the tip
Field[1] = Distance;
Field[1].CurvesList = {1:7};
Field[1].Sampling = 400;
Field[2] = Threshold;
Field[2].InField = 1;
Field[2].SizeMin = fine;
Field[2].SizeMax = coarse;
Field[2].DistMin = 1;
Field[2].DistMax = width / 2;
Field[3] = Distance;
Field[3].PointsList = {5};
Field[4] = Threshold;
Field[4].InField = 3;
Field[4].SizeMin = fine / 50;
Field[4].SizeMax = coarse;
Field[4].DistMin = 0;
Field[4].DistMax = width / 2;
Field[5] = Min;
Field[5].FieldsList = {2, 4};
Background Field = 5;
Mesh.MeshSizeExtendFromBoundary = 0;
