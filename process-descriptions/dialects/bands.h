// What an item says about bands, wherever it says it.
#pragma once

#include <string>
#include <vector>

#include "process-descriptions/dialects/node.h"
#include "schemas/model.h"

namespace pushbroom {

/// The band definitions of one item. Immutable.
///
/// They are looked for on the model's asset (`bands`, `eo:bands`,
/// `raster:bands`), then in the properties, then on the other assets, and
/// joined with a model's bands by name (without case; a definition
/// "B04 - red" is B04), a list without names by index if the counts agree.
/// The first definition that has a fact wins. Facts hoisted out of the band
/// objects (STAC 1.1) and the item's `gsd` fill what is still open.
class BandDefinitions {
 public:
  /// `properties`: of the item. The nodes' document must outlive this.
  BandDefinitions(const Node& properties, const Node& assets,
                  const std::string& model_asset);

  /// Fills what is still unset of every band. The n-th band of a name takes
  /// the n-th definition of it, if there are so many.
  void Complete(std::vector<ModelBand>& bands) const;

 private:
  struct List {
    std::vector<Node> bands;
    bool named = false;
    bool of_model = true;  // false: of another asset, joined by name only
  };
  void Add(const Node& list, bool of_model);

  std::vector<List> lists_;
  std::vector<Node> hoisted_;  // asset, properties
};

}  // namespace pushbroom
